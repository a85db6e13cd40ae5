#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

#include <numbers>

namespace weft {

using kernels::Elementwise;

Tensor exp(const Tensor& x) {
    return record(map(x, &Elementwise::exp, "exp"), {x}, [](const Tensor& y, const Tensor& dy) { return dy * y; });
}

Tensor expm1(const Tensor& x) {
    return record(map(x, &Elementwise::expm1, "expm1"), {x},
                  [](const Tensor& y, const Tensor& dy) { return dy * (y + 1); });
}

Tensor log(const Tensor& x) {
    return record(map(x, &Elementwise::log, "log"), {x}, [x = save(x)](const Tensor& dy) { return dy / x.get(); });
}

Tensor log1p(const Tensor& x) {
    return record(map(x, &Elementwise::log1p, "log1p"), {x},
                  [x = save(x)](const Tensor& dy) { return dy / (x.get() + 1); });
}

Tensor sqrt(const Tensor& x) {
    return record(map(x, &Elementwise::sqrt, "sqrt"), {x},
                  [](const Tensor& y, const Tensor& dy) { return dy / (y * 2); });
}

Tensor rsqrt(const Tensor& x) {
    return record(map(x, &Elementwise::rsqrt, "rsqrt"), {x},
                  [](const Tensor& y, const Tensor& dy) { return dy * y * y * y * -0.5; });
}

Tensor reciprocal(const Tensor& x) {
    return record(map(x, &Elementwise::reciprocal, "reciprocal"), {x},
                  [](const Tensor& y, const Tensor& dy) { return -dy * y * y; });
}

Tensor square(const Tensor& x) {
    return record(map(x, &Elementwise::square, "square"), {x},
                  [x = save(x)](const Tensor& dy) { return dy * x.get() * 2; });
}

Tensor abs(const Tensor& x) {
    return record(map(x, &Elementwise::absolute, "abs"), {x}, [x = save(x)](const Tensor& dy) { return dy * sign(x); });
}

Tensor sign(const Tensor& x) {
    return record(map(x, &Elementwise::sign, "sign"), {x}, [](const Tensor& dy) { return dy * 0; });
}

Tensor sin(const Tensor& x) {
    return record(map(x, &Elementwise::sin, "sin"), {x}, [x = save(x)](const Tensor& dy) { return dy * cos(x); });
}

Tensor cos(const Tensor& x) {
    return record(map(x, &Elementwise::cos, "cos"), {x}, [x = save(x)](const Tensor& dy) { return -dy * sin(x); });
}

Tensor erf(const Tensor& x) {
    return record(map(x, &Elementwise::erf, "erf"), {x}, [x = save(x)](const Tensor& dy) {
        return dy * exp(-square(x)) * (2 * std::numbers::inv_sqrtpi);
    });
}

Tensor floor(const Tensor& x) {
    return record(map(x, &Elementwise::floor, "floor"), {x}, [](const Tensor& dy) { return dy * 0; });
}

Tensor round(const Tensor& x) {
    return record(map(x, &Elementwise::round, "round"), {x}, [](const Tensor& dy) { return dy * 0; });
}

Tensor clip(const Tensor& x, double low, double high) {
    require_floating(x, "clip");
    if (!(low <= high)) throw ValueError(fmt::format("clip: low must not exceed high; received {} and {}", low, high));
    Array result(x.shape(), x.dtype());
    const Elementwise& table = kernels::active<Elementwise>();
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        const T* in = x.data().data<T>();
        T* out = result.data<T>();
        kernels::parallel_for(result.elements(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
            if constexpr (std::is_same_v<T, float>)
                table.clip_f32(in + begin, static_cast<float>(low), static_cast<float>(high), out + begin, end - begin);
            else table.clip_f64(in + begin, low, high, out + begin, end - begin);
        });
    });
    return record(std::move(result), {x}, [x = save(x), low, high](const Tensor& dy) {
        const Tensor value = x;
        return where(greater_equal(value, low), where(less_equal(value, high), dy, 0), 0);
    });
}

}  // namespace weft
