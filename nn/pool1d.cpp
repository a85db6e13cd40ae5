#include <weft/autograd/ops/reduce.hpp>
#include <weft/nn/channels_last.hpp>
#include <weft/nn/pool1d.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

detail::Pool1d::Pool1d(Op op, std::int64_t pool_size, const Pool1dOptions& options)
    : op_(op), pool_size_(pool_size), strides_(options.strides.value_or(pool_size)), padding_(options.padding) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    if (pool_size < 1 || strides_ < 1)
        throw ValueError(
            fmt::format("pool1d: pool_size and strides must be positive; received {} and {}", pool_size, strides_));
    padding_from(padding_, "pool1d");
}

Tensor detail::Pool1d::forward(const Tensor& x) {
    output_shape(x.shape());  // for its checks
    // An image of one row.
    const Tensor y = op_(x.reshape({x.shape(0), 1, x.shape(1), x.shape(2)}),
                         {.pool_size = {1, pool_size_},
                          .strides = {1, strides_},
                          .padding = padding_ == "same" ? Padding::same : Padding::valid});
    return y.reshape({y.shape(0), y.shape(2), y.shape(3)});
}

Shape detail::Pool1d::output_shape(const Shape& input) {
    check_sequence(*this, input);
    const Padding padding = padding_ == "same" ? Padding::same : Padding::valid;
    return {input[0],
            input[1] == None ? None : padded_axis(input[1], pool_size_, strides_, 1, padding, label().c_str()).outputs,
            input[2]};
}

nlohmann::json detail::Pool1d::config() const {
    return {
        {"pool_size", {pool_size_}}, {"strides", {strides_}}, {"padding", padding_}, {"data_format", "channels_last"}};
}

detail::GlobalPool1d::GlobalPool1d(const GlobalPool1dOptions& options) : keepdims_(options.keepdims) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}

Shape detail::GlobalPool1d::output_shape(const Shape& input) {
    check_sequence(*this, input);
    return keepdims_ ? Shape{input[0], 1, input[2]} : Shape{input[0], input[2]};
}

nlohmann::json detail::GlobalPool1d::config() const {
    nlohmann::json config{{"data_format", "channels_last"}};
    if (keepdims_) config["keepdims"] = true;  // Keras 2 before 2.6 does not know the key
    return config;
}

Tensor GlobalAveragePool1d::forward(const Tensor& x) {
    check_sequence(*this, x.shape());
    return mean(x, {1}, keepdims_);
}

Tensor GlobalMaxPool1d::forward(const Tensor& x) {
    check_sequence(*this, x.shape());
    return max(x, {1}, keepdims_);
}

namespace {

template <class Pool>
LayerFactory pool1d_factory(const char* what) {
    return [what](const nlohmann::json& c) -> Layer {
        read_channels_last(c, what);
        const std::int64_t size = config_int(c, "pool_size", 2);
        return Pool(size, {.strides = config_int(c, "strides", size), .padding = config_string(c, "padding", "valid")});
    };
}

template <class Pool>
LayerFactory global_pool1d_factory(const char* what) {
    return [what](const nlohmann::json& c) -> Layer {
        read_channels_last(c, what);
        return Pool({.keepdims = config_bool(c, "keepdims", false)});
    };
}

const bool pool1d_registered[] = {
    register_layer("MaxPooling1D", pool1d_factory<MaxPool1d>("MaxPooling1D")),
    register_layer("AveragePooling1D", pool1d_factory<AvgPool1d>("AveragePooling1D")),
    register_layer("GlobalAveragePooling1D", global_pool1d_factory<GlobalAveragePool1d>("GlobalAveragePooling1D")),
    register_layer("GlobalMaxPooling1D", global_pool1d_factory<GlobalMaxPool1d>("GlobalMaxPooling1D")),
};

}  // namespace
}  // namespace weft::nn
