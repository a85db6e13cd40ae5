// Normalization of each channel by the batch.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct BatchNormOptions {
    std::int64_t axis = -1;  ///< of the channels
    double momentum = 0.99;  ///< of the moving statistics
    double epsilon = 1e-3;
    bool center = true;  ///< whether there is a beta
    bool scale = true;   ///< whether there is a gamma
    Initializer beta_initializer = init::zeros();
    Initializer gamma_initializer = init::ones();
    Initializer moving_mean_initializer = init::zeros();
    Initializer moving_variance_initializer = init::ones();
    Regularizer beta_regularizer = {};
    Regularizer gamma_regularizer = {};
    Constraint beta_constraint = {};
    Constraint gamma_constraint = {};
    Shape input_shape = {};
    std::string name = {};
};

/// (x - mean) / sqrt(variance + epsilon) * gamma + beta of each channel (Ioffe and Szegedy 2015). In training mean and
/// (biased) variance are those of the batch, and the moving ones become momentum * moving + (1 - momentum) * batch's;
/// in inference, and when frozen by set_trainable(false), they are the moving ones. Keras's BatchNormalization.
/// Weights: gamma, beta, and the buffers moving_mean, moving_variance, each [channels]. Throws ValueError in training
/// if there is but one value a channel, which normalizing would turn into beta whatever it is.
class BatchNorm : public Module {
public:
    explicit BatchNorm(const BatchNormOptions& options = {});
    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "BatchNormalization"; }
    nlohmann::json config() const override;

private:
    int channel_axis(const Shape& input) const;
    Tensor by_batch(const Tensor& x);
    Tensor by_moving_statistics(const Tensor& x) const;

    BatchNormOptions options_;
    Tensor gamma_, beta_, moving_mean_, moving_variance_;
};

}  // namespace weft::nn
