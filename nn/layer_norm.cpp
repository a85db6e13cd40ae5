#include <weft/autograd/ops/normalization.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/nn/layer_norm.hpp>
#include <weft/nn/scale_and_center.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft::nn {

LayerNorm::LayerNorm(const LayerNormOptions& options) : options_(options) {
    set_common(options.name, options.input_shape);
    if (options.axis.empty()) throw ValueError(fmt::format("{}: there must be an axis to normalize over", label()));
    if (!(options.epsilon > 0))
        throw ValueError(fmt::format("{}: epsilon must be positive; received {}", label(), options.epsilon));
}

std::vector<std::int64_t> LayerNorm::axes_of(const Shape& input) const {
    std::vector<std::int64_t> axes;
    for (std::int64_t given : options_.axis) {
        const std::int64_t axis = given < 0 ? input.rank() + given : given;
        if (axis < 1 || axis >= input.rank() || std::find(axes.begin(), axes.end(), axis) != axes.end() ||
            input[static_cast<int>(axis)] == None)
            throw ShapeError(fmt::format("{}: each axis must be another, no batch, and known; received axis {} for {}",
                                         label(), given, str(input)));
        axes.push_back(axis);
    }
    std::sort(axes.begin(), axes.end());
    return axes;
}

void LayerNorm::build(const Shape& input) {
    Shape shape;
    for (std::int64_t axis : axes_of(input)) shape.push_back(input[static_cast<int>(axis)]);
    build_scale_and_center(options_, shape, gamma_, beta_, [this](const auto&... all) { return parameter(all...); });
}

Tensor LayerNorm::forward(const Tensor& x) {
    output_shape(x.shape());  // for its checks
    const std::vector<std::int64_t> axes = axes_of(x.shape());
    const int count = static_cast<int>(axes.size());
    if (axes.front() == x.rank() - count) return layer_norm(x, gamma_, beta_, options_.epsilon, count);
    // The axes go to the end, and back.
    std::vector<std::int64_t> order, back(static_cast<std::size_t>(x.rank()));
    for (std::int64_t i = 0; i < x.rank(); ++i)
        if (std::find(axes.begin(), axes.end(), i) == axes.end()) order.push_back(i);
    order.insert(order.end(), axes.begin(), axes.end());
    for (std::size_t i = 0; i < order.size(); ++i)
        back[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
    return transpose(layer_norm(transpose(x, order), gamma_, beta_, options_.epsilon, count), back);
}

Shape LayerNorm::output_shape(const Shape& input) {
    const Tensor& weight = gamma_.defined() ? gamma_ : beta_;
    const std::vector<std::int64_t> axes = axes_of(input);
    for (std::size_t i = 0; i < axes.size(); ++i)
        if (weight.defined() && input[static_cast<int>(axes[i])] != weight.shape()[static_cast<int>(i)])
            throw ShapeError(
                fmt::format("{}: it was built to normalize {}; received {}", label(), str(weight.shape()), str(input)));
    return input;
}

nlohmann::json LayerNorm::config() const {
    nlohmann::json config{
        {"axis", options_.axis.size() == 1 ? nlohmann::json(options_.axis[0]) : nlohmann::json(options_.axis)}};
    put_scale_and_center(config, options_);
    return config;
}

GroupNorm::GroupNorm(std::int64_t groups, const GroupNormOptions& options) : groups_(groups), options_(options) {
    set_common(options.name, options.input_shape);
    if (groups < 1 && groups != -1)
        throw ValueError(fmt::format("{}: groups must be positive, or -1; received {}", label(), groups));
    if (!(options.epsilon > 0))
        throw ValueError(fmt::format("{}: epsilon must be positive; received {}", label(), options.epsilon));
}

int GroupNorm::channel_axis(const Shape& input) const {
    const int axis = static_cast<int>(options_.axis < 0 ? input.rank() + options_.axis : options_.axis);
    if (input.rank() < 2 || axis < 1 || axis >= input.rank())
        throw ShapeError(fmt::format("{}: expects [batch, ...] with the channels on axis {}; received {}", label(),
                                     options_.axis, str(input)));
    if (groups_ > 0 && input[axis] != None && input[axis] % groups_ != 0)
        throw ShapeError(fmt::format("{}: the groups must divide the channels; received {} groups of {}", label(),
                                     groups_, str(input)));
    const Tensor& weight = gamma_.defined() ? gamma_ : beta_;
    if (weight.defined() && input[axis] != None && input[axis] != weight.shape(0))
        throw ShapeError(
            fmt::format("{}: expects {} channels on axis {}; received {}", label(), weight.shape(0), axis, str(input)));
    return axis;
}

void GroupNorm::build(const Shape& input) {
    const std::int64_t channels = input[channel_axis(input)];
    if (channels == None)
        throw ShapeError(fmt::format("{}: the number of channels must be known; received {}", label(), str(input)));
    build_scale_and_center(options_, {channels}, gamma_, beta_,
                           [this](const auto&... all) { return parameter(all...); });
}

Tensor GroupNorm::forward(const Tensor& x) {
    const int axis = channel_axis(x.shape());
    const bool last = axis == x.rank() - 1;
    const Tensor channels_last = last ? x : swap_axes(x, axis, -1);
    const Tensor y =
        group_norm(channels_last, groups_ == -1 ? x.shape(axis) : groups_, gamma_, beta_, options_.epsilon);
    return last ? y : swap_axes(y, axis, -1);
}

Shape GroupNorm::output_shape(const Shape& input) {
    channel_axis(input);
    return input;
}

nlohmann::json GroupNorm::config() const {
    nlohmann::json config{{"groups", groups_}, {"axis", options_.axis}};
    put_scale_and_center(config, options_);
    return config;
}

namespace {
const bool layer_norm_registered[] = {
    register_layer("LayerNormalization", [](const nlohmann::json& c) -> Layer {
        LayerNormOptions options;
        if (const auto axes = config_ints(c, "axis", 1); !axes.empty()) options.axis = axes;
        read_scale_and_center(c, options);
        return LayerNorm(options);
    }),
    register_layer("GroupNormalization", [](const nlohmann::json& c) -> Layer {
        GroupNormOptions options{.axis = config_int(c, "axis", -1)};
        read_scale_and_center(c, options);
        return GroupNorm(config_int(c, "groups", 32), options);
    }),
};
}  // namespace

}  // namespace weft::nn
