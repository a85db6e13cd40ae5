#include <weft/autograd/ops/create.hpp>

#include <fmt/core.h>

namespace weft {

Tensor zeros(const Shape& shape, DType dtype) { return Tensor(zeros_array(shape, dtype)); }
Tensor ones(const Shape& shape, DType dtype) { return full(shape, 1, dtype); }
Tensor full(const Shape& shape, double value, DType dtype) { return Tensor(full_array(shape, value, dtype)); }
Tensor zeros_like(const Tensor& x) { return zeros(x.shape(), x.dtype()); }
Tensor ones_like(const Tensor& x) { return ones(x.shape(), x.dtype()); }

namespace {

template <class F>
Tensor filled(const Shape& shape, DType dtype, F&& value) {
    Array result(shape, dtype);
    dispatch(dtype, [&]<class T>(T) {
        T* out = result.data<T>();
        for (std::int64_t i = 0; i < result.elements(); ++i) out[i] = static_cast<T>(value(i));
    });
    return Tensor(std::move(result));
}

}  // namespace

Tensor linspace(double start, double stop, std::int64_t count, DType dtype) {
    if (count < 0) throw ValueError(fmt::format("linspace: the count must not be negative; received {}", count));
    const double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
    return filled({count}, dtype, [&](std::int64_t i) {
        return i + 1 == count && count > 1 ? stop : start + static_cast<double>(i) * step;
    });
}

Tensor arange(std::int64_t start, std::int64_t stop, std::int64_t step, DType dtype) {
    if (step == 0) throw ValueError("arange: the step must not be 0");
    const std::int64_t span = step > 0 ? stop - start + step - 1 : start - stop - step - 1;
    return filled({std::max<std::int64_t>(span / std::abs(step), 0)}, dtype,
                  [&](std::int64_t i) { return start + i * step; });
}

Tensor eye(std::int64_t n, DType dtype) {
    return filled({n, n}, dtype, [n](std::int64_t i) { return i / n == i % n ? 1 : 0; });
}

Tensor tensor(const std::vector<double>& values, const Shape& shape, DType dtype) {
    if (static_cast<std::int64_t>(values.size()) != shape.elements())
        throw ShapeError(fmt::format("tensor: {} values do not fill the shape {}", values.size(), str(shape)));
    return filled(shape, dtype, [&](std::int64_t i) { return values[static_cast<std::size_t>(i)]; });
}

Tensor tensor(const std::vector<double>& values, DType dtype) {
    return tensor(values, {static_cast<std::int64_t>(values.size())}, dtype);
}

}  // namespace weft
