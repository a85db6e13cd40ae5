// Normalization of each sample by itself.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct LayerNormOptions {
    std::vector<std::int64_t> axis = {-1};  ///< the axes to normalize over
    double epsilon = 1e-3;
    bool center = true;  ///< whether there is a beta
    bool scale = true;   ///< whether there is a gamma
    Initializer beta_initializer = init::zeros();
    Initializer gamma_initializer = init::ones();
    Regularizer beta_regularizer = {};
    Regularizer gamma_regularizer = {};
    Constraint beta_constraint = {};
    Constraint gamma_constraint = {};
    Shape input_shape = {};
    std::string name = {};
};

/// (x - mean) / sqrt(variance + epsilon) * gamma + beta, over the axes (Ba et al. 2016). Keras's LayerNormalization.
/// Weights: gamma, beta, each of the sizes of the axes.
class LayerNorm : public Module {
public:
    explicit LayerNorm(const LayerNormOptions& options = {});
    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "LayerNormalization"; }
    nlohmann::json config() const override;

private:
    std::vector<std::int64_t> axes_of(const Shape& input) const;

    LayerNormOptions options_;
    Tensor gamma_, beta_;
};

struct GroupNormOptions {
    std::int64_t axis = -1;  ///< of the channels
    double epsilon = 1e-3;
    bool center = true;
    bool scale = true;
    Initializer beta_initializer = init::zeros();
    Initializer gamma_initializer = init::ones();
    Regularizer beta_regularizer = {};
    Regularizer gamma_regularizer = {};
    Constraint beta_constraint = {};
    Constraint gamma_constraint = {};
    Shape input_shape = {};
    std::string name = {};
};

/// The same of each sample over the channels of each of `groups` groups, and all other axes (Wu and He 2018). With -1
/// each channel is a group. Keras's GroupNormalization. Weights: gamma, beta, each [channels]. Throws ShapeError for
/// groups that do not divide the channels.
class GroupNorm : public Module {
public:
    explicit GroupNorm(std::int64_t groups = 32, const GroupNormOptions& options = {});
    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "GroupNormalization"; }
    nlohmann::json config() const override;

private:
    int channel_axis(const Shape& input) const;

    std::int64_t groups_;
    GroupNormOptions options_;
    Tensor gamma_, beta_;
};

}  // namespace weft::nn
