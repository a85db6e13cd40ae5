#include <weft/nn/registry.hpp>
#include <weft/nn/reshape.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

Flatten::Flatten(const FlattenOptions& options) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}

Tensor Flatten::forward(const Tensor& x) {
    if (x.rank() == 0) throw ShapeError(fmt::format("{}: expects [batch, ...]; received {}", label(), describe(x)));
    std::int64_t rest = 1;
    for (int i = 1; i < x.rank(); ++i) rest *= x.shape()[i];
    return x.reshape({x.shape(0), rest});
}

Shape Flatten::output_shape(const Shape& input) {
    std::int64_t rest = 1;
    for (int i = 1; i < input.rank(); ++i) rest = input[i] == None || rest == None ? None : rest * input[i];
    return {input.empty() ? None : input[0], rest};
}

nlohmann::json Flatten::config() const { return {{"data_format", "channels_last"}}; }

Reshape::Reshape(const Shape& target_shape, const ReshapeOptions& options) : target_(target_shape) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    int open = 0;
    for (std::int64_t n : target_) {
        open += n == -1;
        if (n < -1 || open > 1) throw ValueError(fmt::format("{}: the target shape may hold one -1 and no other negative size; received {}", label(), str(target_)));
    }
}

Shape Reshape::output_shape(const Shape& input) {
    Shape shape{input.empty() ? None : input[0]};
    std::int64_t have = 1, known = 1;
    int open = -1;
    for (int i = 1; i < input.rank(); ++i) have = input[i] == None || have == None ? None : have * input[i];
    for (std::int64_t n : target_) {
        if (n == -1) open = shape.rank();
        else known *= n;
        shape.push_back(n);
    }
    if (have == None) return shape;
    if (open < 0 ? have != known : known == 0 || have % known != 0)
        throw ShapeError(fmt::format("{}: a target of {} does not hold the {} elements of each sample; received {}", label(), str(target_), have, str(input)));
    if (open >= 0) shape[open] = have / known;
    return shape;
}

Tensor Reshape::forward(const Tensor& x) { return x.reshape(output_shape(x.shape())); }

nlohmann::json Reshape::config() const {
    return {{"target_shape", std::vector<std::int64_t>(target_.begin(), target_.end())}};
}

namespace {
const bool registered[] = {
    register_layer("Flatten", [](const nlohmann::json& c) -> Layer {
        if (config_string(c, "data_format", "channels_last") != "channels_last")
            throw ValueError("Flatten: only data_format channels_last can be read");
        return Flatten();
    }),
    register_layer("Reshape", [](const nlohmann::json& c) -> Layer { return Reshape(config_ints(c, "target_shape", 1)); }),
};
}  // namespace

}  // namespace weft::nn
