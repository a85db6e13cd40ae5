// The rectifier whose slope is learnt.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct PReLUOptions {
    Initializer alpha_initializer = init::zeros();
    Regularizer alpha_regularizer = {};
    Constraint alpha_constraint = {};
    std::vector<std::int64_t> shared_axes = {};  ///< counted from 1: {1, 2} for one slope a channel of an image
    Shape input_shape = {};
    std::string name = {};
};

/// x where it is positive, else alpha x (He et al. 2015). Weights: alpha, as one sample, with size 1 on shared axes.
class PReLU : public Module {
public:
    explicit PReLU(const PReLUOptions& options = {});
    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override { return input; }
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "PReLU"; }
    nlohmann::json config() const override;

private:
    PReLUOptions options_;
    Tensor alpha_;
};

}  // namespace weft::nn
