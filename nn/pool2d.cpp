#include <weft/autograd/ops/reduce.hpp>
#include <weft/nn/pool2d.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

detail::Pool2d::Pool2d(Op op, const char* what, Size2 pool_size, const Pool2dOptions& options)
    : op_(op), padding_(options.padding) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    settings_ = {.pool_size = pool_size.array(),
                 .strides = options.strides.value_or(pool_size).array(),
                 .padding = padding_from(options.padding, what)};
    for (std::int64_t n : {settings_.pool_size[0], settings_.pool_size[1], settings_.strides[0], settings_.strides[1]})
        if (n < 1) throw ValueError(fmt::format("{}: pool_size and strides must be positive; received {}", what, n));
}

Tensor detail::Pool2d::forward(const Tensor& x) {
    expect(x.shape(), "[batch, height, width, channels]", 4);
    return op_(x, settings_);
}

Shape detail::Pool2d::output_shape(const Shape& input) {
    expect(input, "[batch, height, width, channels]", 4);
    Shape shape = input;
    const std::string where = label();
    for (int i : {0, 1})
        if (input[i + 1] != None)
            shape[i + 1] =
                padded_axis(input[i + 1], settings_.pool_size[static_cast<std::size_t>(i)],
                            settings_.strides[static_cast<std::size_t>(i)], 1, settings_.padding, where.c_str())
                    .outputs;
    return shape;
}

nlohmann::json detail::Pool2d::config() const {
    return {{"pool_size", settings_.pool_size},
            {"strides", settings_.strides},
            {"padding", padding_},
            {"data_format", "channels_last"}};
}

namespace {

Shape global_shape(const Shape& input, bool keepdims) {
    return keepdims ? Shape{input[0], 1, 1, input[3]} : Shape{input[0], input[3]};
}

void check_format(const nlohmann::json& c, const char* what) {
    if (config_string(c, "data_format", "channels_last") != "channels_last")
        throw ValueError(fmt::format("{}: only data_format channels_last can be read", what));
}

template <class Pool>
LayerFactory pool2d_factory(const char* what) {
    return [what](const nlohmann::json& c) -> Layer {
        check_format(c, what);
        const auto size = config_ints(c, "pool_size", 2), strides = config_ints(c, "strides", 2);
        Pool2dOptions options{.padding = config_string(c, "padding", "valid")};
        if (strides.size() == 2) options.strides = Size2(strides[0], strides[1]);
        return Pool(size.size() == 2 ? Size2(size[0], size[1]) : Size2(2), options);
    };
}

template <class Pool>
LayerFactory global_pool2d_factory(const char* what) {
    return [what](const nlohmann::json& c) -> Layer {
        check_format(c, what);
        return Pool({.keepdims = config_bool(c, "keepdims", false)});
    };
}

const bool pool2d_registered[] = {
    register_layer("MaxPooling2D", pool2d_factory<MaxPool2d>("MaxPooling2D")),
    register_layer("AveragePooling2D", pool2d_factory<AvgPool2d>("AveragePooling2D")),
    register_layer("GlobalAveragePooling2D", global_pool2d_factory<GlobalAveragePool2d>("GlobalAveragePooling2D")),
    register_layer("GlobalMaxPooling2D", global_pool2d_factory<GlobalMaxPool2d>("GlobalMaxPooling2D")),
};

// Keras 2 before 2.6 does not know keepdims.
nlohmann::json global_config(bool keepdims) {
    nlohmann::json config{{"data_format", "channels_last"}};
    if (keepdims) config["keepdims"] = true;
    return config;
}

}  // namespace

GlobalAveragePool2d::GlobalAveragePool2d(const GlobalPool2dOptions& options) : keepdims_(options.keepdims) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}
Tensor GlobalAveragePool2d::forward(const Tensor& x) {
    expect(x.shape(), "[batch, height, width, channels]", 4);
    return mean(x, {1, 2}, keepdims_);
}
Shape GlobalAveragePool2d::output_shape(const Shape& input) {
    expect(input, "[batch, height, width, channels]", 4);
    return global_shape(input, keepdims_);
}
nlohmann::json GlobalAveragePool2d::config() const { return global_config(keepdims_); }

GlobalMaxPool2d::GlobalMaxPool2d(const GlobalPool2dOptions& options) : keepdims_(options.keepdims) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}
Tensor GlobalMaxPool2d::forward(const Tensor& x) {
    expect(x.shape(), "[batch, height, width, channels]", 4);
    return max(x, {1, 2}, keepdims_);
}
Shape GlobalMaxPool2d::output_shape(const Shape& input) {
    expect(input, "[batch, height, width, channels]", 4);
    return global_shape(input, keepdims_);
}
nlohmann::json GlobalMaxPool2d::config() const { return global_config(keepdims_); }

}  // namespace weft::nn
