#include <weft/autograd/ops/matmul.hpp>
#include <weft/nn/linear.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

Linear::Linear(std::int64_t units, const LinearOptions& options) : units_(units), options_(options) {
    set_common(options.name, options.input_shape);
    set_activity_regularizer(options.activity_regularizer);
    if (units < 1)
        throw ValueError(fmt::format("{}: the number of units must be positive; received {}", label(), units));
}

void Linear::build(const Shape& input) {
    if (input.rank() < 2 || input.back() == None)
        throw ShapeError(fmt::format("{}: expects [batch, ..., features] with a known number of features; received {}",
                                     label(), str(input)));
    kernel_ = parameter("kernel", {input.back(), units_}, options_.kernel_initializer,
                        options_.kernel_regularizer, options_.kernel_constraint);
    if (options_.use_bias)
        bias_ =
            parameter("bias", {units_}, options_.bias_initializer, options_.bias_regularizer, options_.bias_constraint);
}

Tensor Linear::forward(const Tensor& x) {
    if (x.rank() < 2 || x.shape().back() != kernel_.shape(0))
        throw ShapeError(
            fmt::format("{}: expects [batch, ..., {}]; received {}", label(), kernel_.shape(0), describe(x)));
    if (options_.activation.name() == "relu") return linear(x, kernel_, bias_, FusedActivation::relu);
    return options_.activation(linear(x, kernel_, bias_));
}

Shape Linear::output_shape(const Shape& input) {
    if (input.rank() < 2 || (kernel_.defined() && input.back() != None && input.back() != kernel_.shape(0)))
        throw ShapeError(fmt::format("{}: expects [batch, ..., {}]; received {}", label(),
                                     kernel_.defined() ? std::to_string(kernel_.shape(0)) : "features", str(input)));
    Shape shape = input;
    shape[shape.rank() - 1] = units_;
    return shape;
}

nlohmann::json Linear::config() const {
    nlohmann::json config{
        {"units", units_}, {"activation", options_.activation.name()}, {"use_bias", options_.use_bias}};
    put_kernel_and_bias(config, options_);
    return config;
}

static const bool linear_registered = register_layer("Dense", [](const nlohmann::json& c) -> Layer {
    LinearOptions options{.activation = config_activation(c), .use_bias = config_bool(c, "use_bias", true)};
    read_kernel_and_bias(c, options);
    return Linear(config_int(c, "units", 0), options);
});

}  // namespace weft::nn
