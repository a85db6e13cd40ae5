#include <weft/autograd/kernels/random.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/ops/dropout.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace weft {
namespace {

Tensor masked(const Tensor& x, double rate, Stream stream) {
    Array result(x.shape(), x.dtype());
    const auto& random = kernels::active<kernels::Random>();
    // 16 random bits an element; at the highest rates something is left to be scaled.
    const auto threshold = static_cast<std::int32_t>(std::min(std::round(rate * 65536), 65535.));
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        const T* in = x.data().data<T>();
        T* out = result.data<T>();
        const auto scale = static_cast<T>(1 / (1 - rate));
        constexpr std::int64_t group = kernels::dropout_group;
        const std::int64_t groups = (x.elements() + group - 1) / group;
        kernels::parallel_for(groups, kernels::elementwise_grain / group, [&](std::int64_t begin, std::int64_t end) {
            const std::int64_t first = begin * group, n = std::min(end * group, x.elements()) - first;
            if constexpr (std::is_same_v<T, float>)
                random.dropout_f32(stream.seed, stream.number, first, threshold, scale, in + first, out + first, n);
            else
                random.dropout_f64(stream.seed, stream.number, first, threshold, scale, in + first, out + first, n);
        });
    });
    return record({std::move(result), "dropout"}, {x},
                  [rate, stream](const Tensor& dy) { return masked(dy, rate, stream); });
}

}  // namespace

Tensor dropout(const Tensor& x, double rate, Generator& generator) {
    require_floating(x, "dropout");
    if (!(rate >= 0 && rate < 1))
        throw ValueError(fmt::format("dropout: the rate must be at least 0 and below 1; received {}", rate));
    if (rate == 0) return x;
    return masked(x, rate, generator.next());
}

}  // namespace weft
