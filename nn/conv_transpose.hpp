// Transposed convolution: from few positions to many, as in decoders.
#pragma once

#include <weft/nn/activation.hpp>
#include <weft/nn/module.hpp>
#include <weft/nn/size.hpp>

#include <optional>

namespace weft::nn {

struct ConvTranspose2dOptions {
    Size2 strides = 1;
    std::string padding = "valid";  ///< or "same"
    std::optional<Size2> output_padding = {};  ///< smaller than the strides
    Size2 dilation_rate = 1;
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

/// The derivative of a Conv2d to its input, as a layer: [batch, height, width, channels] to [batch, height', width',
/// filters]. With extent = (kernel - 1) dilation + 1, n positions become n stride with padding "same", n stride +
/// max(extent - stride, 0) with "valid"; an output_padding p makes them (n - 1) stride + extent mod 2 + p and (n - 1)
/// stride
/// + extent + p. Keras's Conv2DTranspose. Weights: kernel [kernel height, kernel width, filters, channels], bias
/// [filters].
class ConvTranspose2d : public Module {
public:
    ConvTranspose2d(std::int64_t filters, Size2 kernel_size, const ConvTranspose2dOptions& options = {});

    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "Conv2DTranspose"; }
    nlohmann::json config() const override;

private:
    std::int64_t filters_;
    Size2 kernel_size_;
    ConvTranspose2dOptions options_;
    std::int64_t channels_ = 0;  // of the input; known once built
    Tensor kernel_, bias_;
};

struct ConvTranspose1dOptions {
    std::int64_t strides = 1;
    std::string padding = "valid";
    std::optional<std::int64_t> output_padding = {};
    std::int64_t dilation_rate = 1;
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

/// The same of sequences [batch, steps, channels]. Keras's Conv1DTranspose. Weights: kernel [kernel size, filters,
/// channels], bias [filters].
class ConvTranspose1d : public Module {
public:
    ConvTranspose1d(std::int64_t filters, std::int64_t kernel_size, const ConvTranspose1dOptions& options = {});

    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "Conv1DTranspose"; }
    nlohmann::json config() const override;

private:
    std::int64_t filters_, kernel_size_;
    ConvTranspose1dOptions options_;
    std::int64_t channels_ = 0;
    Tensor kernel_, bias_;
};

}  // namespace weft::nn
