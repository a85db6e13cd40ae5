#include <weft/nn/mask.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/time_distributed.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

TimeDistributed::TimeDistributed(const Layer& layer, const TimeDistributedOptions& options) : layer_(layer) {
    set_common(options.name, options.input_shape);
    if (!layer) throw ValueError(fmt::format("{}: needs a layer to apply", label()));
    add_child("layer", layer->state());
}

// The shape that the layer sees.
Shape TimeDistributed::step(const Shape& input) const {
    if (input.rank() < 3)
        throw ShapeError(
            fmt::format("{}: expects [batch, time, ...] of three axes or more; received {}", label(), str(input)));
    Shape shape = input;
    shape.erase(1);
    return shape;
}

void TimeDistributed::build(const Shape& input) { layer_->build_for(step(input)); }

Tensor TimeDistributed::forward(const Tensor& x) {
    Shape rows = step(x.shape());
    if (const Tensor mask = mask_of(x); mask.defined() && mask.shape() != Shape{x.shape(0), x.shape(1)})
        throw ShapeError(fmt::format("{}: the mask must be [batch, time] as the input {}; received {}", label(),
                                     describe(x), describe(mask)));
    // The layer takes each sample by itself, so the steps may as well be samples.
    rows[0] = x.shape(0) * x.shape(1);
    const Tensor y = (*layer_)(x.reshape(rows));
    Shape shape = y.shape();
    shape[0] = x.shape(0);
    shape.insert(1, x.shape(1));
    return y.reshape(shape);
}

Shape TimeDistributed::output_shape(const Shape& input) {
    Shape shape = layer_->output_shape(step(input));
    shape.insert(1, input[1]);
    return shape;
}

nlohmann::json TimeDistributed::config() const { return {{"layer", nested_config(*layer_)}}; }

static const bool time_distributed_registered = register_layer("TimeDistributed", [](const nlohmann::json& c) -> Layer {
    return TimeDistributed(nested_layer(c, "layer"));
});

}  // namespace weft::nn
