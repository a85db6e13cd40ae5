// Convolution over sequences.
#pragma once

#include <weft/nn/activation.hpp>
#include <weft/nn/module.hpp>

namespace weft::nn {

struct Conv1dOptions {
    std::int64_t strides = 1;
    std::string padding = "valid";  ///< or "same", or "causal": output t sees no input after t
    std::int64_t dilation_rate = 1;
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
    Shape input_shape = {};  ///< {steps, channels}
    std::string name = {};
};

/// Cross-correlation of [batch, steps, channels] with `filters` kernels. Keras's Conv1D.
/// Weights: kernel [kernel size, channels / groups, filters], bias [filters].
class Conv1d : public Module {
public:
    Conv1d(std::int64_t filters, std::int64_t kernel_size, const Conv1dOptions& options = {});

    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "Conv1D"; }
    nlohmann::json config() const override;

private:
    bool causal() const { return options_.padding == "causal"; }

    std::int64_t filters_, kernel_size_;
    Conv1dOptions options_;
    std::int64_t channels_ = 0;  // of the input; known once built
    Tensor kernel_, bias_;
};

}  // namespace weft::nn
