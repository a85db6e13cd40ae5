#include <weft/autograd/ops/conv2d.hpp>
#include <weft/nn/conv2d.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

Conv2d::Conv2d(std::int64_t filters, Size2 kernel_size, const Conv2dOptions& options)
    : filters_(filters), kernel_size_(kernel_size), options_(options) {
    set_common(options.name, options.input_shape);
    set_activity_regularizer(options.activity_regularizer);
    if (!options.input_shape.empty() && options.input_shape.rank() != 3)
        throw ShapeError(fmt::format(
            "{}: input_shape must be {{height, width, channels}}; received {}. A grey image is {{height, width, 1}}.",
            label(), str(options.input_shape)));
    const auto positive = [](Size2 size) { return size.height > 0 && size.width > 0; };
    if (filters < 1 || options.groups < 1 || filters % options.groups != 0)
        throw ValueError(
            fmt::format("{}: filters must be a positive multiple of groups; received {} filters in {} groups", label(),
                        filters, options.groups));
    if (!positive(kernel_size) || !positive(options.strides) || !positive(options.dilation_rate))
        throw ValueError(fmt::format("{}: kernel_size, strides and dilation_rate must be positive", label()));
    padding_from(options.padding, "Conv2d");
}

void Conv2d::check(const Shape& input) const {
    const std::string channels = channels_ ? std::to_string(channels_) : "channels";
    const bool ranked = input.rank() == 4;
    if (ranked && (!channels_ || input.back() == channels_ || input.back() == None)) return;
    std::string hint;
    if (input.rank() == 3) {
        Shape with_channel = input;
        with_channel.push_back(1);
        hint = fmt::format(" Add the channel axis, e.g. x.reshape({{{}, {}, {}, 1}}).",
                           input[0] == None ? "n" : std::to_string(input[0]), input[1], input[2]);
    }
    throw ShapeError(
        fmt::format("{}: expects [batch, height, width, {}]; received {}.{}", label(), channels, str(input), hint));
}

void Conv2d::build(const Shape& input) {
    check(input);
    const std::int64_t channels = input.back();
    if (channels == None || channels % options_.groups != 0)
        throw ShapeError(
            fmt::format("{}: the number of channels must be known and a multiple of the {} groups; received {}",
                        label(), options_.groups, str(input)));
    kernel_ = parameter("kernel", {kernel_size_.height, kernel_size_.width, channels / options_.groups, filters_},
                        options_.kernel_initializer, options_.kernel_regularizer, options_.kernel_constraint);
    if (options_.use_bias)
        bias_ = parameter("bias", {filters_}, options_.bias_initializer, options_.bias_regularizer,
                          options_.bias_constraint);
    channels_ = channels;
}

Tensor Conv2d::forward(const Tensor& x) {
    if (x.rank() != 4 || x.shape(3) != channels_) check(x.shape());
    const bool fused = options_.activation.name() == "relu";
    const Tensor y = conv2d(x, kernel_, bias_,
                            {.strides = options_.strides.array(),
                             .padding = options_.padding == "same" ? Padding::same : Padding::valid,
                             .dilation = options_.dilation_rate.array(),
                             .groups = options_.groups,
                             .activation = fused ? FusedActivation::relu : FusedActivation::none});
    return fused ? y : options_.activation(y);
}

Shape Conv2d::output_shape(const Shape& input) {
    check(input);
    const Padding padding = padding_from(options_.padding, "Conv2d");
    const std::string where = label();
    const auto along = [&](int axis, std::int64_t kernel, std::int64_t stride, std::int64_t dilation) {
        return input[axis] == None ? None
                                   : padded_axis(input[axis], kernel, stride, dilation, padding, where.c_str()).outputs;
    };
    return {input[0], along(1, kernel_size_.height, options_.strides.height, options_.dilation_rate.height),
            along(2, kernel_size_.width, options_.strides.width, options_.dilation_rate.width), filters_};
}

nlohmann::json Conv2d::config() const {
    nlohmann::json config{{"filters", filters_},
                          {"kernel_size", kernel_size_.array()},
                          {"strides", options_.strides.array()},
                          {"padding", options_.padding},
                          {"data_format", "channels_last"},
                          {"dilation_rate", options_.dilation_rate.array()},
                          {"activation", options_.activation.name()},
                          {"use_bias", options_.use_bias}};
    put_kernel_and_bias(config, options_);
    if (options_.groups != 1) config["groups"] = options_.groups;  // Keras 2 does not know the key
    return config;
}

static const bool conv2d_registered = register_layer("Conv2D", [](const nlohmann::json& c) -> Layer {
    const auto size = [&](const char* key) {
        const auto sizes = config_ints(c, key, 2);
        return sizes.size() == 2 ? Size2(sizes[0], sizes[1]) : Size2(1);
    };
    if (config_string(c, "data_format", "channels_last") != "channels_last")
        throw ValueError("Conv2D: only data_format channels_last can be read");
    Conv2dOptions options{.strides = size("strides"),
                          .padding = config_string(c, "padding", "valid"),
                          .dilation_rate = size("dilation_rate"),
                          .groups = config_int(c, "groups", 1),
                          .activation = config_activation(c),
                          .use_bias = config_bool(c, "use_bias", true)};
    read_kernel_and_bias(c, options);
    return Conv2d(config_int(c, "filters", 0), size("kernel_size"), options);
});

}  // namespace weft::nn
