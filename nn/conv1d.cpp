#include <weft/autograd/ops/conv2d.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/nn/channels_last.hpp>
#include <weft/nn/conv1d.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

Conv1d::Conv1d(std::int64_t filters, std::int64_t kernel_size, const Conv1dOptions& options)
    : filters_(filters), kernel_size_(kernel_size), options_(options) {
    set_common(options.name, options.input_shape);
    set_activity_regularizer(options.activity_regularizer);
    check_input_shape(*this, 2, "{steps, channels}");
    if (filters < 1 || options.groups < 1 || filters % options.groups != 0)
        throw ValueError(
            fmt::format("{}: filters must be a positive multiple of groups; received {} filters in {} groups", label(),
                        filters, options.groups));
    check_positive(*this, {kernel_size, options.strides, options.dilation_rate},
                   "kernel_size, strides and dilation_rate");
    if (!causal()) padding_from(options.padding, label().c_str());
}

void Conv1d::build(const Shape& input) {
    check_sequence(*this, input);
    const std::int64_t channels = known_channels(*this, input);
    if (channels % options_.groups != 0)
        throw ShapeError(fmt::format("{}: the groups must divide the channels; received {} groups of {}", label(),
                                     options_.groups, str(input)));
    kernel_ = parameter("kernel", {kernel_size_, channels / options_.groups, filters_}, options_.kernel_initializer,
                        options_.kernel_regularizer, options_.kernel_constraint);
    if (options_.use_bias)
        bias_ = parameter("bias", {filters_}, options_.bias_initializer, options_.bias_regularizer,
                          options_.bias_constraint);
    channels_ = channels;
}

Tensor Conv1d::forward(const Tensor& x) {
    output_shape(x.shape());  // for its checks
    const std::int64_t before = causal() ? (kernel_size_ - 1) * options_.dilation_rate : 0;
    const Tensor padded = before ? pad(x, {0, before, 0}, {0, 0, 0}) : x;
    const bool fused = options_.activation.name() == "relu";
    // An image of one row.
    const Tensor y = conv2d(padded.reshape({padded.shape(0), 1, padded.shape(1), channels_}),
                            kernel_.reshape({1, kernel_size_, kernel_.shape(1), filters_}), bias_,
                            {.strides = {1, options_.strides},
                             .padding = options_.padding == "same" ? Padding::same : Padding::valid,
                             .dilation = {1, options_.dilation_rate},
                             .groups = options_.groups,
                             .activation = fused ? FusedActivation::relu : FusedActivation::none});
    const Tensor sequence = y.reshape({y.shape(0), y.shape(2), filters_});
    return fused ? sequence : options_.activation(sequence);
}

Shape Conv1d::output_shape(const Shape& input) {
    check_sequence(*this, input, channels_);
    if (input[1] == None) return {input[0], None, filters_};
    const Padding padding =
        options_.padding == "valid" ? Padding::valid : Padding::same;  // causal gives as many as same
    return {
        input[0],
        padded_axis(input[1], kernel_size_, options_.strides, options_.dilation_rate, padding, label().c_str()).outputs,
        filters_};
}

nlohmann::json Conv1d::config() const {
    nlohmann::json config{{"filters", filters_},
                          {"kernel_size", {kernel_size_}},
                          {"strides", {options_.strides}},
                          {"padding", options_.padding},
                          {"data_format", "channels_last"},
                          {"dilation_rate", {options_.dilation_rate}},
                          {"activation", options_.activation.name()},
                          {"use_bias", options_.use_bias}};
    put_kernel_and_bias(config, options_);
    if (options_.groups != 1) config["groups"] = options_.groups;  // Keras 2 does not know the key
    return config;
}

static const bool conv1d_registered = register_layer("Conv1D", [](const nlohmann::json& c) -> Layer {
    read_channels_last(c, "Conv1D");
    Conv1dOptions options{.strides = config_int(c, "strides", 1),
                          .padding = config_string(c, "padding", "valid"),
                          .dilation_rate = config_int(c, "dilation_rate", 1),
                          .groups = config_int(c, "groups", 1),
                          .activation = config_activation(c),
                          .use_bias = config_bool(c, "use_bias", true)};
    read_kernel_and_bias(c, options);
    return Conv1d(config_int(c, "filters", 0), config_int(c, "kernel_size", 1), options);
});

}  // namespace weft::nn
