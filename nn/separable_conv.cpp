#include <weft/autograd/ops/conv2d.hpp>
#include <weft/nn/channels_last.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/separable_conv.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {
namespace {

Padding padding_of(const std::string& name) { return name == "valid" ? Padding::valid : Padding::same; }

// kernel [height, width, channels, multiplier]: a group for each channel.
Tensor depthwise_conv2d(const Tensor& x, const Tensor& kernel, const Tensor& bias, Conv2dSettings settings) {
    settings.groups = kernel.shape(2);
    return conv2d(x, kernel.reshape({kernel.shape(0), kernel.shape(1), 1, kernel.shape(2) * kernel.shape(3)}), bias,
                  settings);
}

std::int64_t outputs_of(const Module& layer, std::int64_t n, std::int64_t kernel, std::int64_t stride,
                        std::int64_t dilation, const std::string& padding) {
    return n == None ? None
                     : padded_axis(n, kernel, stride, dilation, padding_of(padding), layer.label().c_str()).outputs;
}

template <class Options>
void check_options(const Module& layer, Size2 kernel, const Options& options) {
    check_positive(layer, {kernel, options.strides, options.dilation_rate}, "kernel_size, strides and dilation_rate");
    check_positive(layer, {options.depth_multiplier}, "depth_multiplier");
}

// The config of the two separable layers, apart from their sizes.
template <class Options>
void put_separable(nlohmann::json& config, const Options& o) {
    config["padding"] = o.padding;
    config["data_format"] = "channels_last";
    config["depth_multiplier"] = o.depth_multiplier;
    config["activation"] = o.activation.name();
    config["use_bias"] = o.use_bias;
    put_weight(config, "depthwise", o.depthwise_initializer, o.depthwise_regularizer, o.depthwise_constraint);
    put_weight(config, "pointwise", o.pointwise_initializer, o.pointwise_regularizer, o.pointwise_constraint);
    put_weight(config, "bias", o.bias_initializer, o.bias_regularizer, o.bias_constraint);
    put_regularizer(config, "activity_regularizer", o.activity_regularizer);
}

template <class Options>
void read_separable(const nlohmann::json& c, Options& o) {
    o.padding = config_string(c, "padding", "valid");
    o.depth_multiplier = config_int(c, "depth_multiplier", 1);
    o.activation = config_activation(c);
    o.use_bias = config_bool(c, "use_bias", true);
    read_weight(c, "depthwise", o.depthwise_initializer, o.depthwise_regularizer, o.depthwise_constraint);
    read_weight(c, "pointwise", o.pointwise_initializer, o.pointwise_regularizer, o.pointwise_constraint);
    read_weight(c, "bias", o.bias_initializer, o.bias_regularizer, o.bias_constraint);
    o.activity_regularizer = config_regularizer(c, "activity_regularizer");
}

}  // namespace

DepthwiseConv2d::DepthwiseConv2d(Size2 kernel_size, const DepthwiseConv2dOptions& options)
    : kernel_size_(kernel_size), options_(options) {
    set_common(options.name, options.input_shape);
    set_activity_regularizer(options.activity_regularizer);
    check_input_shape(*this, 3, "{height, width, channels}");
    check_options(*this, kernel_size, options);
    padding_from(options.padding, label().c_str());
}

void DepthwiseConv2d::build(const Shape& input) {
    check_images(*this, input);
    const std::int64_t channels = known_channels(*this, input);
    kernel_ = parameter("kernel", {kernel_size_.height, kernel_size_.width, channels, options_.depth_multiplier},
                        options_.depthwise_initializer, options_.depthwise_regularizer, options_.depthwise_constraint);
    if (options_.use_bias)
        bias_ = parameter("bias", {channels * options_.depth_multiplier}, options_.bias_initializer,
                          options_.bias_regularizer, options_.bias_constraint);
    channels_ = channels;
}

Tensor DepthwiseConv2d::forward(const Tensor& x) {
    output_shape(x.shape());  // for its checks
    return options_.activation(depthwise_conv2d(x, kernel_, bias_,
                                                {.strides = options_.strides.array(),
                                                 .padding = padding_of(options_.padding),
                                                 .dilation = options_.dilation_rate.array()}));
}

Shape DepthwiseConv2d::output_shape(const Shape& input) {
    check_images(*this, input, channels_);
    return {input[0],
            outputs_of(*this, input[1], kernel_size_.height, options_.strides.height, options_.dilation_rate.height,
                       options_.padding),
            outputs_of(*this, input[2], kernel_size_.width, options_.strides.width, options_.dilation_rate.width,
                       options_.padding),
            input[3] == None ? None : input[3] * options_.depth_multiplier};
}

nlohmann::json DepthwiseConv2d::config() const {
    nlohmann::json config{{"kernel_size", kernel_size_.array()},
                          {"strides", options_.strides.array()},
                          {"padding", options_.padding},
                          {"depth_multiplier", options_.depth_multiplier},
                          {"data_format", "channels_last"},
                          {"dilation_rate", options_.dilation_rate.array()},
                          {"activation", options_.activation.name()},
                          {"use_bias", options_.use_bias}};
    put_weight(config, "depthwise", options_.depthwise_initializer, options_.depthwise_regularizer,
               options_.depthwise_constraint);
    put_weight(config, "bias", options_.bias_initializer, options_.bias_regularizer, options_.bias_constraint);
    put_regularizer(config, "activity_regularizer", options_.activity_regularizer);
    return config;
}

SeparableConv2d::SeparableConv2d(std::int64_t filters, Size2 kernel_size, const SeparableConv2dOptions& options)
    : filters_(filters), kernel_size_(kernel_size), options_(options) {
    set_common(options.name, options.input_shape);
    set_activity_regularizer(options.activity_regularizer);
    check_input_shape(*this, 3, "{height, width, channels}");
    check_options(*this, kernel_size, options);
    check_positive(*this, {filters}, "filters");
    padding_from(options.padding, label().c_str());
}

void SeparableConv2d::build(const Shape& input) {
    check_images(*this, input);
    const std::int64_t channels = known_channels(*this, input), deep = channels * options_.depth_multiplier;
    depthwise_ =
        parameter("depthwise_kernel", {kernel_size_.height, kernel_size_.width, channels, options_.depth_multiplier},
                  options_.depthwise_initializer, options_.depthwise_regularizer, options_.depthwise_constraint);
    pointwise_ = parameter("pointwise_kernel", {1, 1, deep, filters_}, options_.pointwise_initializer,
                           options_.pointwise_regularizer, options_.pointwise_constraint);
    if (options_.use_bias)
        bias_ = parameter("bias", {filters_}, options_.bias_initializer, options_.bias_regularizer,
                          options_.bias_constraint);
    channels_ = channels;
}

Tensor SeparableConv2d::forward(const Tensor& x) {
    output_shape(x.shape());  // for its checks
    const Tensor deep = depthwise_conv2d(x, depthwise_, {},
                                         {.strides = options_.strides.array(),
                                          .padding = padding_of(options_.padding),
                                          .dilation = options_.dilation_rate.array()});
    return options_.activation(conv2d(deep, pointwise_, bias_));
}

Shape SeparableConv2d::output_shape(const Shape& input) {
    check_images(*this, input, channels_);
    return {input[0],
            outputs_of(*this, input[1], kernel_size_.height, options_.strides.height, options_.dilation_rate.height,
                       options_.padding),
            outputs_of(*this, input[2], kernel_size_.width, options_.strides.width, options_.dilation_rate.width,
                       options_.padding),
            filters_};
}

nlohmann::json SeparableConv2d::config() const {
    nlohmann::json config{{"filters", filters_},
                          {"kernel_size", kernel_size_.array()},
                          {"strides", options_.strides.array()},
                          {"dilation_rate", options_.dilation_rate.array()}};
    put_separable(config, options_);
    return config;
}

SeparableConv1d::SeparableConv1d(std::int64_t filters, std::int64_t kernel_size, const SeparableConv1dOptions& options)
    : filters_(filters), kernel_size_(kernel_size), options_(options) {
    set_common(options.name, options.input_shape);
    set_activity_regularizer(options.activity_regularizer);
    check_input_shape(*this, 2, "{steps, channels}");
    check_options(*this, kernel_size, options);
    check_positive(*this, {filters}, "filters");
    padding_from(options.padding, label().c_str());
}

void SeparableConv1d::build(const Shape& input) {
    check_sequence(*this, input);
    const std::int64_t channels = known_channels(*this, input), deep = channels * options_.depth_multiplier;
    depthwise_ =
        parameter("depthwise_kernel", {kernel_size_, channels, options_.depth_multiplier},
                  options_.depthwise_initializer, options_.depthwise_regularizer, options_.depthwise_constraint);
    pointwise_ = parameter("pointwise_kernel", {1, deep, filters_}, options_.pointwise_initializer,
                           options_.pointwise_regularizer, options_.pointwise_constraint);
    if (options_.use_bias)
        bias_ = parameter("bias", {filters_}, options_.bias_initializer, options_.bias_regularizer,
                          options_.bias_constraint);
    channels_ = channels;
}

Tensor SeparableConv1d::forward(const Tensor& x) {
    output_shape(x.shape());  // for its checks
    // An image of one row.
    const Tensor deep =
        depthwise_conv2d(x.reshape({x.shape(0), 1, x.shape(1), channels_}),
                         depthwise_.reshape({1, kernel_size_, channels_, options_.depth_multiplier}), {},
                         {.strides = {1, options_.strides},
                          .padding = padding_of(options_.padding),
                          .dilation = {1, options_.dilation_rate}});
    const Tensor y = conv2d(deep, pointwise_.reshape({1, 1, pointwise_.shape(1), filters_}), bias_);
    return options_.activation(y.reshape({y.shape(0), y.shape(2), filters_}));
}

Shape SeparableConv1d::output_shape(const Shape& input) {
    check_sequence(*this, input, channels_);
    return {input[0],
            outputs_of(*this, input[1], kernel_size_, options_.strides, options_.dilation_rate, options_.padding),
            filters_};
}

nlohmann::json SeparableConv1d::config() const {
    nlohmann::json config{{"filters", filters_},
                          {"kernel_size", {kernel_size_}},
                          {"strides", {options_.strides}},
                          {"dilation_rate", {options_.dilation_rate}}};
    put_separable(config, options_);
    return config;
}

namespace {
const bool separable_conv_registered[] = {
    register_layer("DepthwiseConv2D", [](const nlohmann::json& c) -> Layer {
        read_channels_last(c, "DepthwiseConv2D");
        DepthwiseConv2dOptions o{.strides = config_size(c, "strides", 1),
                                 .padding = config_string(c, "padding", "valid"),
                                 .depth_multiplier = config_int(c, "depth_multiplier", 1),
                                 .dilation_rate = config_size(c, "dilation_rate", 1),
                                 .activation = config_activation(c),
                                 .use_bias = config_bool(c, "use_bias", true)};
        read_weight(c, "depthwise", o.depthwise_initializer, o.depthwise_regularizer, o.depthwise_constraint);
        read_weight(c, "bias", o.bias_initializer, o.bias_regularizer, o.bias_constraint);
        o.activity_regularizer = config_regularizer(c, "activity_regularizer");
        return DepthwiseConv2d(config_size(c, "kernel_size", 1), o);
    }),
    register_layer("SeparableConv2D", [](const nlohmann::json& c) -> Layer {
        read_channels_last(c, "SeparableConv2D");
        SeparableConv2dOptions options{.strides = config_size(c, "strides", 1),
                                       .dilation_rate = config_size(c, "dilation_rate", 1)};
        read_separable(c, options);
        return SeparableConv2d(config_int(c, "filters", 0), config_size(c, "kernel_size", 1), options);
    }),
    register_layer("SeparableConv1D", [](const nlohmann::json& c) -> Layer {
        read_channels_last(c, "SeparableConv1D");
        SeparableConv1dOptions options{.strides = config_int(c, "strides", 1),
                                       .dilation_rate = config_int(c, "dilation_rate", 1)};
        read_separable(c, options);
        return SeparableConv1d(config_int(c, "filters", 0), config_int(c, "kernel_size", 1), options);
    }),
};
}  // namespace

}  // namespace weft::nn
