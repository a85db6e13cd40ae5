#include <weft/autograd/ops/dropout.hpp>
#include <weft/nn/dropout.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

Dropout::Dropout(double rate, const DropoutOptions& options) : rate_(rate) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    if (!(rate >= 0 && rate < 1))
        throw ValueError(fmt::format("{}: the rate must be at least 0 and below 1; received {}", label(), rate));
}

Tensor Dropout::forward(const Tensor& x) { return training() ? dropout(x, rate_) : x; }

nlohmann::json Dropout::config() const { return {{"rate", rate_}}; }

static const bool dropout_registered = register_layer("Dropout", [](const nlohmann::json& c) -> Layer {
    return Dropout(config_number(c, "rate", 0));
});

}  // namespace weft::nn
