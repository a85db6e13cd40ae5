#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/rescaling.hpp>

#include <nlohmann/json.hpp>

namespace weft::nn {

Rescaling::Rescaling(double scale, const RescalingOptions& options) : scale_(scale), offset_(options.offset) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}

Tensor Rescaling::forward(const Tensor& x) { return x * scale_ + offset_; }

nlohmann::json Rescaling::config() const { return {{"scale", scale_}, {"offset", offset_}}; }

static const bool rescaling_registered = register_layer("Rescaling", [](const nlohmann::json& c) -> Layer {
    return Rescaling(config_number(c, "scale", 1), {.offset = config_number(c, "offset", 0)});
});

}  // namespace weft::nn
