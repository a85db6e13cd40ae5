// Convolutions that treat each channel by itself, and those that mix the channels afterwards.
#pragma once

#include <weft/nn/activation.hpp>
#include <weft/nn/module.hpp>
#include <weft/nn/size.hpp>

namespace weft::nn {

struct DepthwiseConv2dOptions {
    Size2 strides = 1;
    std::string padding = "valid";  ///< or "same"
    std::int64_t depth_multiplier = 1;
    Size2 dilation_rate = 1;
    Activation activation = {};
    bool use_bias = true;
    Initializer depthwise_initializer = init::glorot_uniform();
    Initializer bias_initializer = init::zeros();
    Regularizer depthwise_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint depthwise_constraint = {};
    Constraint bias_constraint = {};
    Shape input_shape = {};  ///< {height, width, channels}
    std::string name = {};
};

/// depth_multiplier kernels for each channel of [batch, height, width, channels]; output channel c * depth_multiplier +
/// m. Keras's DepthwiseConv2D. Weights: kernel [kernel height, kernel width, channels, depth_multiplier], bias.
class DepthwiseConv2d : public Module {
public:
    explicit DepthwiseConv2d(Size2 kernel_size, const DepthwiseConv2dOptions& options = {});

    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "DepthwiseConv2D"; }
    nlohmann::json config() const override;

private:
    Size2 kernel_size_;
    DepthwiseConv2dOptions options_;
    std::int64_t channels_ = 0;  // of the input; known once built
    Tensor kernel_, bias_;
};

struct SeparableConv2dOptions {
    Size2 strides = 1;
    std::string padding = "valid";  ///< or "same"
    Size2 dilation_rate = 1;
    std::int64_t depth_multiplier = 1;
    Activation activation = {};
    bool use_bias = true;
    Initializer depthwise_initializer = init::glorot_uniform();
    Initializer pointwise_initializer = init::glorot_uniform();
    Initializer bias_initializer = init::zeros();
    Regularizer depthwise_regularizer = {};
    Regularizer pointwise_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint depthwise_constraint = {};
    Constraint pointwise_constraint = {};
    Constraint bias_constraint = {};
    Shape input_shape = {};  ///< {height, width, channels}
    std::string name = {};
};

/// A depthwise convolution, then one of 1 x 1 that mixes the channels. Keras's SeparableConv2D. Weights:
/// depthwise_kernel [kernel height, kernel width, channels, depth_multiplier], pointwise_kernel [1, 1, channels *
/// depth_multiplier, filters], bias [filters].
class SeparableConv2d : public Module {
public:
    SeparableConv2d(std::int64_t filters, Size2 kernel_size, const SeparableConv2dOptions& options = {});

    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "SeparableConv2D"; }
    nlohmann::json config() const override;

private:
    std::int64_t filters_;
    Size2 kernel_size_;
    SeparableConv2dOptions options_;
    std::int64_t channels_ = 0;
    Tensor depthwise_, pointwise_, bias_;
};

struct SeparableConv1dOptions {
    std::int64_t strides = 1;
    std::string padding = "valid";  ///< or "same"
    std::int64_t dilation_rate = 1;
    std::int64_t depth_multiplier = 1;
    Activation activation = {};
    bool use_bias = true;
    Initializer depthwise_initializer = init::glorot_uniform();
    Initializer pointwise_initializer = init::glorot_uniform();
    Initializer bias_initializer = init::zeros();
    Regularizer depthwise_regularizer = {};
    Regularizer pointwise_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint depthwise_constraint = {};
    Constraint pointwise_constraint = {};
    Constraint bias_constraint = {};
    Shape input_shape = {};  ///< {steps, channels}
    std::string name = {};
};

/// The same of sequences [batch, steps, channels]. Keras's SeparableConv1D. Weights: depthwise_kernel [kernel size,
/// channels, depth_multiplier], pointwise_kernel [1, channels * depth_multiplier, filters], bias [filters].
class SeparableConv1d : public Module {
public:
    SeparableConv1d(std::int64_t filters, std::int64_t kernel_size, const SeparableConv1dOptions& options = {});

    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "SeparableConv1D"; }
    nlohmann::json config() const override;

private:
    std::int64_t filters_, kernel_size_;
    SeparableConv1dOptions options_;
    std::int64_t channels_ = 0;
    Tensor depthwise_, pointwise_, bias_;
};

}  // namespace weft::nn
