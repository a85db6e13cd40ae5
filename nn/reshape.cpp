#include <weft/autograd/ops/reshape.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/reshape.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>

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
        if (n < -1 || open > 1)
            throw ValueError(fmt::format("{}: the target shape may hold one -1 and no other negative size; received {}",
                                         label(), str(target_)));
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
        throw ShapeError(fmt::format("{}: a target of {} does not hold the {} elements of each sample; received {}",
                                     label(), str(target_), have, str(input)));
    if (open >= 0) shape[open] = have / known;
    return shape;
}

Tensor Reshape::forward(const Tensor& x) { return x.reshape(output_shape(x.shape())); }

nlohmann::json Reshape::config() const {
    return {{"target_shape", std::vector<std::int64_t>(target_.begin(), target_.end())}};
}

Permute::Permute(const std::vector<std::int64_t>& dims, const PermuteOptions& options) : dims_(dims) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    std::vector<std::int64_t> sorted = dims, counted(dims.size());
    std::sort(sorted.begin(), sorted.end());
    std::iota(counted.begin(), counted.end(), 1);
    if (dims.empty() || dims.size() >= Shape::max_rank || sorted != counted)
        throw ValueError(fmt::format("{}: dims must hold each of 1..{} once, the batch axis being 0; received {}",
                                     label(), dims.size(), str(Shape(dims))));
}

Shape Permute::output_shape(const Shape& input) {
    if (input.rank() != static_cast<int>(dims_.size()) + 1)
        throw ShapeError(
            fmt::format("{}: expects {} axes beside the batch; received {}", label(), dims_.size(), str(input)));
    Shape shape{input[0]};
    for (std::int64_t axis : dims_) shape.push_back(input[static_cast<int>(axis)]);
    return shape;
}

Tensor Permute::forward(const Tensor& x) {
    output_shape(x.shape());  // for its check
    std::vector<std::int64_t> order{0};
    order.insert(order.end(), dims_.begin(), dims_.end());
    return transpose(x, order);
}

nlohmann::json Permute::config() const { return {{"dims", dims_}}; }

RepeatVector::RepeatVector(std::int64_t n, const RepeatVectorOptions& options) : n_(n) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    if (n < 1) throw ValueError(fmt::format("{}: n must be positive; received {}", label(), n));
}

Shape RepeatVector::output_shape(const Shape& input) {
    expect(input, "[batch, features]", 2);
    return {input[0], n_, input[1]};
}

Tensor RepeatVector::forward(const Tensor& x) {
    const Shape shape = output_shape(x.shape());
    return broadcast_to(expand_dims(x, 1), shape);
}

nlohmann::json RepeatVector::config() const { return {{"n", n_}}; }

namespace {
const bool reshape_registered[] = {
    register_layer("Flatten",
                   [](const nlohmann::json& c) -> Layer {
                       if (config_string(c, "data_format", "channels_last") != "channels_last")
                           throw ValueError("Flatten: only data_format channels_last can be read");
                       return Flatten();
                   }),
    register_layer("Reshape",
                   [](const nlohmann::json& c) -> Layer { return Reshape(config_ints(c, "target_shape", 1)); }),
    register_layer("Permute", [](const nlohmann::json& c) -> Layer { return Permute(config_ints(c, "dims", 1)); }),
    register_layer("RepeatVector",
                   [](const nlohmann::json& c) -> Layer { return RepeatVector(config_int(c, "n", 0)); }),
};
}  // namespace

}  // namespace weft::nn
