#include <weft/autograd/kernels/random.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/ops/dropout.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

namespace weft {
namespace {

Tensor masked(const Tensor& x, double rate, Stream stream) {
    Array result(x.shape(), x.dtype());
    const auto& random = kernels::active<kernels::Random>();
    const auto threshold = static_cast<float>(rate);
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        const T* in = x.data().data<T>();
        T* out = result.data<T>();
        const auto scale = static_cast<T>(1 / (1 - rate));
        kernels::parallel_for(x.elements(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
            if constexpr (std::is_same_v<T, float>)
                random.dropout_f32(stream.seed, stream.number, begin, threshold, scale, in + begin, out + begin,
                                   end - begin);
            else
                random.dropout_f64(stream.seed, stream.number, begin, threshold, scale, in + begin, out + begin,
                                   end - begin);
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
