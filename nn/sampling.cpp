#include <weft/autograd/error.hpp>
#include <weft/nn/sampling.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace weft::nn {
namespace {

void check(const Tensor& logits, const SamplingOptions& options) {
    if (!logits.defined() || logits.rank() == 0 || logits.shape().back() == 0)
        throw ShapeError(fmt::format("sample: expects logits [..., classes]; received {}",
                                     logits.defined() ? describe(logits) : "an undefined tensor"));
    if (!is_floating(logits.dtype()))
        throw DTypeError(fmt::format("sample: logits must be float32 or float64; received {}", describe(logits)));
    if (!(options.temperature >= 0) || !std::isfinite(options.temperature))
        throw ValueError(fmt::format("sample: temperature must be finite and not negative; received {}",
                                     options.temperature));
    if (options.top_k < 0)
        throw ValueError(fmt::format("sample: top_k must not be negative; received {}", options.top_k));
}

// The class where the weights, summed in order, pass u times their sum.
std::size_t draw(const std::vector<double>& weights, double u) {
    double left = u * std::accumulate(weights.begin(), weights.end(), 0.0);
    std::size_t last = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] == 0) continue;
        last = i;
        if ((left -= weights[i]) < 0) break;
    }
    return last;
}

}  // namespace

Tensor sample(const Tensor& logits, const SamplingOptions& options, Generator& generator) {
    check(logits, options);
    Shape shape = logits.shape();
    const auto classes = static_cast<std::size_t>(shape.back());
    shape.erase(shape.rank() - 1);
    Array result(shape, int64);
    const Tensor exact = logits.detach().to(float64);
    const Tensor chance = random::uniform({shape.elements()}, 0, 1, float64, generator);
    std::int64_t* drawn = result.data<std::int64_t>();

    std::vector<std::size_t> ranked(classes);
    std::vector<double> weights(classes);
    for (std::int64_t row = 0; row < shape.elements(); ++row) {
        const double* x = exact.values<double>().data() + static_cast<std::size_t>(row) * classes;
        const double most = *std::max_element(x, x + classes);
        if (!std::isfinite(most) || std::any_of(x, x + classes, [](double value) { return std::isnan(value); }))
            throw NotFiniteError(fmt::format("sample: row {} of the logits, {}, holds NaN, infinity, or no class that "
                                             "could be drawn", row, describe(logits)));
        // The largest exponent is 0, also where the temperature is 0.
        std::transform(x, x + classes, weights.begin(), [&](double value) {
            return value == most ? 1 : options.temperature == 0 ? 0 : std::exp((value - most) / options.temperature);
        });
        const std::size_t kept = options.temperature == 0 ? 1 : static_cast<std::size_t>(options.top_k);
        if (kept > 0 && kept < classes) {
            std::iota(ranked.begin(), ranked.end(), std::size_t{0});
            std::nth_element(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(kept), ranked.end(),
                             [&](std::size_t a, std::size_t b) { return x[a] != x[b] ? x[a] > x[b] : a < b; });
            for (std::size_t i = kept; i < classes; ++i) weights[ranked[i]] = 0;
        }
        drawn[row] = static_cast<std::int64_t>(draw(weights, chance.item<double>(row)));
    }
    return Tensor(std::move(result));
}

}  // namespace weft::nn
