#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/conv2d.hpp>
#include <weft/nn/channels_last.hpp>
#include <weft/nn/conv_transpose.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace weft::nn {
namespace {

// How many positions n become: Keras's rule.
std::int64_t outputs_of(std::int64_t n, std::int64_t kernel, std::int64_t stride, std::int64_t dilation,
                        const std::string& padding, const std::optional<std::int64_t>& output_padding) {
    if (n == None) return None;
    const std::int64_t extent = (kernel - 1) * dilation + 1;
    if (padding == "valid")
        return (n - 1) * stride + extent + output_padding.value_or(std::max<std::int64_t>(stride - extent, 0));
    return output_padding ? (n - 1) * stride + extent % 2 + *output_padding : n * stride;
}

// A convolution of that output would not give back this input otherwise.
void check_output_padding(const Module& layer, std::int64_t kernel, std::int64_t stride, std::int64_t dilation,
                          const std::string& padding, const std::optional<std::int64_t>& output_padding) {
    if (!output_padding) return;
    const std::int64_t least = padding == "same" && ((kernel - 1) * dilation + 1) % 2 == 0 ? 1 : 0;
    if (*output_padding < least || *output_padding >= stride + least)
        throw ValueError(fmt::format("{}: with strides of {} the output_padding must lie in {}..{}; received {}",
                                     layer.label(), stride, least, stride + least - 1, *output_padding));
}

Conv2dSettings settings_of(Size2 strides, const std::string& padding, Size2 dilation) {
    return {.strides = strides.array(),
            .padding = padding == "same" ? Padding::same : Padding::valid,
            .dilation = dilation.array()};
}

// What is common to both ranks.
template <class Options>
void check_options(const Module& layer, std::int64_t filters, Size2 kernel, const Options& options) {
    if (filters < 1)
        throw ValueError(
            fmt::format("{}: the number of filters must be positive; received {}", layer.label(), filters));
    check_positive(layer, {kernel, options.strides, options.dilation_rate}, "kernel_size, strides and dilation_rate");
    padding_from(options.padding, layer.label().c_str());
}

}  // namespace

ConvTranspose2d::ConvTranspose2d(std::int64_t filters, Size2 kernel_size, const ConvTranspose2dOptions& options)
    : filters_(filters), kernel_size_(kernel_size), options_(options) {
    set_common(options.name, options.input_shape);
    set_activity_regularizer(options.activity_regularizer);
    check_input_shape(*this, 3, "{height, width, channels}");
    check_options(*this, filters, kernel_size, options);
    if (!options.output_padding) return;
    check_output_padding(*this, kernel_size.height, options.strides.height, options.dilation_rate.height,
                         options.padding, options.output_padding->height);
    check_output_padding(*this, kernel_size.width, options.strides.width, options.dilation_rate.width, options.padding,
                         options.output_padding->width);
}

void ConvTranspose2d::build(const Shape& input) {
    check_images(*this, input);
    const std::int64_t channels = known_channels(*this, input);
    kernel_ = parameter("kernel", {kernel_size_.height, kernel_size_.width, filters_, channels},
                        options_.kernel_initializer, options_.kernel_regularizer, options_.kernel_constraint);
    if (options_.use_bias)
        bias_ = parameter("bias", {filters_}, options_.bias_initializer, options_.bias_regularizer,
                          options_.bias_constraint);
    channels_ = channels;
}

Tensor ConvTranspose2d::forward(const Tensor& x) {
    const Tensor y = conv2d_data_gradient(x, kernel_, output_shape(x.shape()),
                                          settings_of(options_.strides, options_.padding, options_.dilation_rate));
    return options_.activation(bias_.defined() ? y + bias_ : y);
}

Shape ConvTranspose2d::output_shape(const Shape& input) {
    check_images(*this, input, channels_);
    const auto extra = [&](std::int64_t Size2::*axis) {
        return options_.output_padding ? std::optional((*options_.output_padding).*axis) : std::nullopt;
    };
    const auto along = [&](int i, std::int64_t Size2::*axis) {
        return outputs_of(input[i], kernel_size_.*axis, options_.strides.*axis, options_.dilation_rate.*axis,
                          options_.padding, extra(axis));
    };
    return {input[0], along(1, &Size2::height), along(2, &Size2::width), filters_};
}

nlohmann::json ConvTranspose2d::config() const {
    nlohmann::json config{{"filters", filters_},
                          {"kernel_size", kernel_size_.array()},
                          {"strides", options_.strides.array()},
                          {"padding", options_.padding},
                          {"data_format", "channels_last"},
                          {"dilation_rate", options_.dilation_rate.array()},
                          {"activation", options_.activation.name()},
                          {"use_bias", options_.use_bias}};
    put_kernel_and_bias(config, options_);
    if (options_.output_padding)
        config["output_padding"] = options_.output_padding->array();  // early Keras 3 does not know the key
    return config;
}

ConvTranspose1d::ConvTranspose1d(std::int64_t filters, std::int64_t kernel_size, const ConvTranspose1dOptions& options)
    : filters_(filters), kernel_size_(kernel_size), options_(options) {
    set_common(options.name, options.input_shape);
    set_activity_regularizer(options.activity_regularizer);
    check_input_shape(*this, 2, "{steps, channels}");
    check_options(*this, filters, kernel_size, options);
    check_output_padding(*this, kernel_size, options.strides, options.dilation_rate, options.padding,
                         options.output_padding);
}

void ConvTranspose1d::build(const Shape& input) {
    check_sequence(*this, input);
    const std::int64_t channels = known_channels(*this, input);
    kernel_ = parameter("kernel", {kernel_size_, filters_, channels}, options_.kernel_initializer,
                        options_.kernel_regularizer, options_.kernel_constraint);
    if (options_.use_bias)
        bias_ = parameter("bias", {filters_}, options_.bias_initializer, options_.bias_regularizer,
                          options_.bias_constraint);
    channels_ = channels;
}

Tensor ConvTranspose1d::forward(const Tensor& x) {
    const Shape shape = output_shape(x.shape());
    // An image of one row.
    const Tensor y =
        conv2d_data_gradient(x.reshape({x.shape(0), 1, x.shape(1), channels_}),
                             kernel_.reshape({1, kernel_size_, filters_, channels_}), {shape[0], 1, shape[1], filters_},
                             settings_of({1, options_.strides}, options_.padding, {1, options_.dilation_rate}))
            .reshape(shape);
    return options_.activation(bias_.defined() ? y + bias_ : y);
}

Shape ConvTranspose1d::output_shape(const Shape& input) {
    check_sequence(*this, input, channels_);
    return {input[0],
            outputs_of(input[1], kernel_size_, options_.strides, options_.dilation_rate, options_.padding,
                       options_.output_padding),
            filters_};
}

nlohmann::json ConvTranspose1d::config() const {
    nlohmann::json config{{"filters", filters_},
                          {"kernel_size", {kernel_size_}},
                          {"strides", {options_.strides}},
                          {"padding", options_.padding},
                          {"data_format", "channels_last"},
                          {"dilation_rate", {options_.dilation_rate}},
                          {"activation", options_.activation.name()},
                          {"use_bias", options_.use_bias}};
    put_kernel_and_bias(config, options_);
    if (options_.output_padding) config["output_padding"] = *options_.output_padding;
    return config;
}

namespace {

const bool conv_transpose_registered[] = {
    register_layer("Conv2DTranspose", [](const nlohmann::json& c) -> Layer {
        read_channels_last(c, "Conv2DTranspose");
        ConvTranspose2dOptions options{.strides = config_size(c, "strides", 1),
                                       .padding = config_string(c, "padding", "valid"),
                                       .dilation_rate = config_size(c, "dilation_rate", 1),
                                       .activation = config_activation(c),
                                       .use_bias = config_bool(c, "use_bias", true)};
        if (config_has(c, "output_padding")) options.output_padding = config_size(c, "output_padding", 0);
        read_kernel_and_bias(c, options);
        return ConvTranspose2d(config_int(c, "filters", 0), config_size(c, "kernel_size", 1), options);
    }),
    register_layer("Conv1DTranspose", [](const nlohmann::json& c) -> Layer {
        read_channels_last(c, "Conv1DTranspose");
        ConvTranspose1dOptions options{.strides = config_int(c, "strides", 1),
                                       .padding = config_string(c, "padding", "valid"),
                                       .dilation_rate = config_int(c, "dilation_rate", 1),
                                       .activation = config_activation(c),
                                       .use_bias = config_bool(c, "use_bias", true)};
        if (config_has(c, "output_padding")) options.output_padding = config_int(c, "output_padding", 0);
        read_kernel_and_bias(c, options);
        return ConvTranspose1d(config_int(c, "filters", 0), config_int(c, "kernel_size", 1), options);
    }),
};

}  // namespace
}  // namespace weft::nn
