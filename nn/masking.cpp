#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/nn/mask.hpp>
#include <weft/nn/masking.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

Masking::Masking(const MaskingOptions& options) : options_(options) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}

Tensor Masking::forward(const Tensor& x) {
    if (x.rank() < 3)
        throw ShapeError(fmt::format("{}: expects [batch, time, features]; received {}", label(), describe(x)));
    const Tensor differs = not_equal(x.detach(), options_.mask_value).to(x.dtype());
    const Tensor counts = greater(max(differs, {-1}), 0);
    Tensor kept = where(expand_dims(counts, -1), x, 0);
    set_mask(kept, counts);
    return kept;
}

nlohmann::json Masking::config() const { return {{"mask_value", options_.mask_value}}; }

static const bool masking_registered = register_layer("Masking", [](const nlohmann::json& c) -> Layer {
    return Masking({.mask_value = config_number(c, "mask_value", 0)});
});

}  // namespace weft::nn
