#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/nn/prelu.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

PReLU::PReLU(const PReLUOptions& options) : options_(options) { set_common(options.name, options.input_shape); }

void PReLU::build(const Shape& input) {
    Shape shape = input;
    if (shape.rank() < 2) throw ShapeError(fmt::format("{}: expects [batch, ...]; received {}", label(), str(input)));
    for (std::int64_t axis : options_.shared_axes) {
        if (axis < 1 || axis >= input.rank())
            throw ValueError(fmt::format("{}: shared_axes are counted from 1, the batch being 0; received {} for {}",
                                         label(), axis, str(input)));
        shape[static_cast<int>(axis)] = 1;
    }
    shape.erase(0);
    for (std::int64_t n : shape)
        if (n == None)
            throw ShapeError(
                fmt::format("{}: axes that are not shared must be known; received {}", label(), str(input)));
    alpha_ =
        parameter("alpha", shape, options_.alpha_initializer, options_.alpha_regularizer, options_.alpha_constraint);
}

Tensor PReLU::forward(const Tensor& x) { return relu(x) - alpha_ * relu(-x); }

nlohmann::json PReLU::config() const {
    nlohmann::json config;
    put_weight(config, "alpha", options_.alpha_initializer, options_.alpha_regularizer, options_.alpha_constraint);
    config["shared_axes"] = options_.shared_axes.empty() ? nlohmann::json() : nlohmann::json(options_.shared_axes);
    return config;
}

static const bool prelu_registered = register_layer("PReLU", [](const nlohmann::json& c) -> Layer {
    PReLUOptions options{.shared_axes = config_ints(c, "shared_axes", 1)};
    read_weight(c, "alpha", options.alpha_initializer, options.alpha_regularizer, options.alpha_constraint);
    return PReLU(options);
});

}  // namespace weft::nn
