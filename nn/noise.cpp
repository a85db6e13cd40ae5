#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/dropout.hpp>
#include <weft/autograd/random.hpp>
#include <weft/nn/channels_last.hpp>
#include <weft/nn/noise.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace weft::nn {
namespace {

double checked_rate(double rate, const char* layer) {
    if (!(rate >= 0 && rate < 1))
        throw ValueError(fmt::format("{}: the rate must be at least 0 and below 1; received {}", layer, rate));
    return rate;
}

}  // namespace

detail::Noise::Noise(const char* key, double amount, const NoiseOptions& options) : amount_(amount), key_(key) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}

Tensor detail::Noise::forward(const Tensor& x) { return training() && amount_ > 0 ? disturbed(x) : x; }

nlohmann::json detail::Noise::config() const { return {{key_, amount_}}; }

GaussianNoise::GaussianNoise(double stddev, const NoiseOptions& options) : Noise("stddev", stddev, options) {
    if (!(stddev >= 0 && std::isfinite(stddev)))
        throw ValueError(fmt::format("GaussianNoise: stddev must not be negative; received {}", stddev));
}
Tensor GaussianNoise::disturbed(const Tensor& x) const { return x + random::normal(x.shape(), 0, amount_, x.dtype()); }

GaussianDropout::GaussianDropout(double rate, const NoiseOptions& options)
    : Noise("rate", checked_rate(rate, "GaussianDropout"), options) {}
Tensor GaussianDropout::disturbed(const Tensor& x) const {
    return x * random::normal(x.shape(), 1, std::sqrt(amount_ / (1 - amount_)), x.dtype());
}

AlphaDropout::AlphaDropout(double rate, const NoiseOptions& options)
    : Noise("rate", checked_rate(rate, "AlphaDropout"), options) {}
Tensor AlphaDropout::disturbed(const Tensor& x) const {
    constexpr double lowest = -1.6732632423543772 * 1.0507009873554805;  // what selu tends to
    const Tensor kept = dropout(ones(x.shape(), x.dtype()), amount_) * (1 - amount_);
    const double scale = 1 / std::sqrt((1 - amount_) * (1 + amount_ * lowest * lowest));
    return (x * kept + lowest * (1 - kept)) * scale - scale * lowest * amount_;
}

SpatialDropout1d::SpatialDropout1d(double rate, const NoiseOptions& options)
    : Noise("rate", checked_rate(rate, "SpatialDropout1d"), options) {}
Tensor SpatialDropout1d::disturbed(const Tensor& x) const {
    check_sequence(*this, x.shape());
    return x * dropout(ones({x.shape(0), 1, x.shape(2)}, x.dtype()), amount_);
}

SpatialDropout2d::SpatialDropout2d(double rate, const NoiseOptions& options)
    : Noise("rate", checked_rate(rate, "SpatialDropout2d"), options) {}
Tensor SpatialDropout2d::disturbed(const Tensor& x) const {
    check_images(*this, x.shape());
    return x * dropout(ones({x.shape(0), 1, 1, x.shape(3)}, x.dtype()), amount_);
}

namespace {

template <class L>
LayerFactory factory(const char* key) {
    return [key](const nlohmann::json& c) -> Layer { return L(config_number(c, key, 0)); };
}

const bool noise_registered[] = {
    register_layer("GaussianNoise", factory<GaussianNoise>("stddev")),
    register_layer("GaussianDropout", factory<GaussianDropout>("rate")),
    register_layer("AlphaDropout", factory<AlphaDropout>("rate")),
    register_layer("SpatialDropout1D", factory<SpatialDropout1d>("rate")),
    register_layer("SpatialDropout2D", factory<SpatialDropout2d>("rate")),
};

}  // namespace
}  // namespace weft::nn
