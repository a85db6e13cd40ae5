// Convolution over images.
#pragma once

#include <weft/nn/activation.hpp>
#include <weft/nn/module.hpp>
#include <weft/nn/size.hpp>

namespace weft::nn {

struct Conv2dOptions {
    Size2 strides = 1;
    std::string padding = "valid";  ///< or "same"
    Size2 dilation_rate = 1;
    std::int64_t groups = 1;
    Activation activation = {};
    bool use_bias = true;
    Initializer kernel_initializer = init::glorot_uniform();
    Initializer bias_initializer = init::zeros();
    Regularizer kernel_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint bias_constraint = {};
    Shape input_shape = {};  ///< {height, width, channels}
    std::string name = {};
};

/// Cross-correlation of [batch, height, width, channels] with `filters` kernels. Keras's Conv2D.
/// Weights: kernel [kernel height, kernel width, channels / groups, filters], bias [filters].
class Conv2d : public Module {
public:
    Conv2d(std::int64_t filters, Size2 kernel_size, const Conv2dOptions& options = {});

    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "Conv2D"; }
    nlohmann::json config() const override;

private:
    void check(const Shape& input) const;

    std::int64_t filters_;
    Size2 kernel_size_;
    Conv2dOptions options_;
    std::int64_t channels_ = 0;  // of the input; known once built
    Tensor kernel_, bias_;
};

}  // namespace weft::nn
