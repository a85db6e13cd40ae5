#include <weft/autograd/kernels/reduce.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft {

using kernels::Reduce;

std::vector<bool> Axes::among(const Shape& shape, const char* where) const {
    std::vector<bool> chosen(static_cast<std::size_t>(shape.rank()), axes_.empty());
    for (std::int64_t axis : axes_) {
        const auto at = static_cast<std::size_t>(shape.axis(axis, where));
        if (chosen[at]) throw ValueError(fmt::format("{}: axis {} is named twice", where, axis));
        chosen[at] = true;
    }
    return chosen;
}

namespace {

Shape reduced_shape(const Shape& shape, const std::vector<bool>& chosen, bool keepdims) {
    Shape result;
    for (int i = 0; i < shape.rank(); ++i) {
        if (!chosen[static_cast<std::size_t>(i)]) result.push_back(shape[i]);
        else if (keepdims) result.push_back(1);
    }
    return result;
}

template <class T, class R>
void reduce_axis(kernels::ReduceFunction<T, R> f, const T* x, R* y, std::int64_t outer, std::int64_t length,
                 std::int64_t inner) {
    const std::int64_t grain =
        std::max<std::int64_t>(1, kernels::elementwise_grain / std::max<std::int64_t>(1, length * inner));
    kernels::parallel_for(outer, grain, [&](std::int64_t begin, std::int64_t end) {
        f(x + begin * length * inner, y + begin * inner, end - begin, length, inner);
    });
}

// Few long rows are reduced in pieces, so that all threads have some. How many is up to the sizes alone: any number of
// threads gives the same bits.
template <class T>
void reduce_pieces(kernels::ReduceFunction<T> f, const T* x, T* y, std::int64_t outer, std::int64_t length,
                   std::int64_t inner) {
    constexpr std::int64_t enough = 64, shortest = 16;  // of pieces; of what a piece reduces to one
    const std::int64_t pieces = std::min(
        {enough / std::max<std::int64_t>(1, outer), length / shortest, length * inner / kernels::elementwise_grain});
    if (pieces < 2) return reduce_axis<T, T>(f, x, y, outer, length, inner);
    Array parts({outer, pieces, inner}, dtype_of<T>());
    T* const part = parts.data<T>();
    kernels::parallel_for(outer * pieces, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t from = length * (i % pieces) / pieces, to = length * (i % pieces + 1) / pieces;
            f(x + (i / pieces * length + from) * inner, part + i * inner, 1, to - from, inner);
        }
    });
    f(part, y, outer, pieces, inner);
}

template <class T>
kernels::ReduceFunction<T> pick(const kernels::Reduction& f) {
    if constexpr (std::is_same_v<T, float>) return f.f32;
    else if constexpr (std::is_same_v<T, double>) return f.f64;
    else return f.i64;
}

// Reduces runs of neighbouring chosen axes, from the last run to the first; the result has every chosen axis as 1.
Array reduce(const Tensor& x, const std::vector<bool>& chosen, kernels::Reduction Reduce::*which, const char* where) {
    if (x.dtype() < int64)
        throw DTypeError(
            fmt::format("{}: expects numbers; received {}. Convert it first: x.to(float32).", where, describe(x)));
    const kernels::Reduction& kernel = kernels::active<Reduce>().*which;
    Array from = x.data();
    for (int last = x.rank() - 1; last >= 0; --last) {
        if (!chosen[static_cast<std::size_t>(last)]) continue;
        int first = last;
        while (first > 0 && chosen[static_cast<std::size_t>(first - 1)]) --first;
        Shape shape = from.shape();
        std::int64_t outer = 1, length = 1, inner = 1;
        for (int i = 0; i < shape.rank(); ++i) (i < first ? outer : i <= last ? length : inner) *= shape[i];
        for (int i = first; i <= last; ++i) shape[i] = 1;
        Array to(shape, from.dtype());
        const auto go = [&]<class T>(T) {
            reduce_pieces<T>(pick<T>(kernel), from.data<T>(), to.data<T>(), outer, length, inner);
        };
        if (from.dtype() == int64) go(std::int64_t{});
        else dispatch_floating(from.dtype(), go);
        from = std::move(to);
        last = first;
    }
    return from.shares_buffer(x.data()) ? from.copy() : from;
}

void refuse_nothing(const Tensor& x, const std::vector<bool>& chosen, const char* where) {
    for (int i = 0; i < x.rank(); ++i)
        if (chosen[static_cast<std::size_t>(i)] && x.shape()[i] == 0)
            throw ValueError(
                fmt::format("{}: axis {} of {} is empty, and there is no {} of nothing", where, i, describe(x), where));
}

Tensor extreme(const Tensor& x, const Axes& axes, bool keepdims, kernels::Reduction Reduce::*which, const char* where) {
    const auto chosen = axes.among(x.shape(), where);
    refuse_nothing(x, chosen, where);
    const Shape kept = reduced_shape(x.shape(), chosen, true);
    const Array result = reduce(x, chosen, which, where).reshaped(reduced_shape(x.shape(), chosen, keepdims));
    const Shape again = kept;
    std::vector<std::int64_t> numbers;
    for (int i = 0; i < x.rank(); ++i)
        if (chosen[static_cast<std::size_t>(i)]) numbers.push_back(i);
    return record({result, where}, {x}, [x = save(x), again, numbers](const Tensor& y, const Tensor& dy) {
        const Tensor winners = equal(x, y.detach().reshape(again)).to(dy.dtype());
        if (numbers.empty()) return dy.reshape(again);
        return winners * (dy.reshape(again) / sum(winners, numbers, true));
    });
}

Tensor arg(const Tensor& x, std::int64_t axis, bool keepdims, kernels::ArgReduction Reduce::*which, const char* where) {
    const int at = x.shape().axis(axis, where);
    std::int64_t outer = 1, length = x.shape()[at], inner = 1;
    for (int i = 0; i < x.rank(); ++i)
        if (i != at) (i < at ? outer : inner) *= x.shape()[i];
    if (length == 0) throw ValueError(fmt::format("{}: axis {} of {} is empty", where, at, describe(x)));
    Shape shape = x.shape();
    if (keepdims) shape[at] = 1;
    else shape.erase(at);
    Array result(shape, int64);
    const kernels::ArgReduction& kernel = kernels::active<Reduce>().*which;
    std::int64_t* y = result.data<std::int64_t>();
    if (x.dtype() == float32)
        reduce_axis<float, std::int64_t>(kernel.f32, x.data().data<float>(), y, outer, length, inner);
    else if (x.dtype() == float64)
        reduce_axis<double, std::int64_t>(kernel.f64, x.data().data<double>(), y, outer, length, inner);
    else {
        const Array numbers = cast(x.data(), int64);
        reduce_axis<std::int64_t, std::int64_t>(kernel.i64, numbers.data<std::int64_t>(), y, outer, length, inner);
    }
    return Tensor(std::move(result));
}

double count_of(const Shape& shape, const std::vector<bool>& chosen) {
    double n = 1;
    for (int i = 0; i < shape.rank(); ++i)
        if (chosen[static_cast<std::size_t>(i)]) n *= static_cast<double>(shape[i]);
    return n;
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, bool keepdims) {
    const auto chosen = axes.among(x.shape(), "sum");
    const Shape kept = reduced_shape(x.shape(), chosen, true), shape = x.shape();
    return record(reduce(x, chosen, &Reduce::sum, "sum").reshaped(reduced_shape(x.shape(), chosen, keepdims)), {x},
                  [kept, shape](const Tensor& dy) { return broadcast_to(dy.reshape(kept), shape); });
}

Tensor mean(const Tensor& x, const Axes& axes, bool keepdims) {
    require_floating(x, "mean");
    const auto chosen = axes.among(x.shape(), "mean");
    refuse_nothing(x, chosen, "mean");
    return sum(x, axes, keepdims) * (1 / count_of(x.shape(), chosen));
}

Tensor variance(const Tensor& x, const Axes& axes, bool keepdims, int correction) {
    const auto chosen = axes.among(x.shape(), "variance");
    const double n = count_of(x.shape(), chosen) - correction;
    if (n <= 0)
        throw ValueError(fmt::format("variance: {} values are too few for a correction of {}; received {}",
                                     n + correction, correction, describe(x)));
    return sum(square(x - mean(x, axes, true)), axes, keepdims) * (1 / n);
}

Tensor max(const Tensor& x, const Axes& axes, bool keepdims) {
    return extreme(x, axes, keepdims, &Reduce::maximum, "max");
}
Tensor min(const Tensor& x, const Axes& axes, bool keepdims) {
    return extreme(x, axes, keepdims, &Reduce::minimum, "min");
}

Tensor prod(const Tensor& x, const Axes& axes, bool keepdims) {
    const auto chosen = axes.among(x.shape(), "prod");
    return record(reduce(x, chosen, &Reduce::product, "prod").reshaped(reduced_shape(x.shape(), chosen, keepdims)), {x},
                  [x = save(x), chosen](const Tensor& dy) {
                      // Products of all the others, without dividing: x may hold zeros. The chosen axes go to the end
                      // as one; exclusive products from the left times those from the right.
                      const Tensor value = x;
                      std::vector<std::int64_t> order, back(chosen.size());
                      for (bool last : {false, true})
                          for (std::size_t i = 0; i < chosen.size(); ++i)
                              if (chosen[i] == last) {
                                  back[i] = static_cast<std::int64_t>(order.size());
                                  order.push_back(static_cast<std::int64_t>(i));
                              }
                      const Tensor moved = transpose(value, order);
                      std::int64_t count = 1, n = 1;
                      for (std::size_t i = 0; i < chosen.size(); ++i)
                          (chosen[i] ? n : count) *= value.shape()[static_cast<int>(i)];
                      const Tensor rows = moved.reshape({count, n});
                      const Tensor others = products_of_others(rows) * dy.reshape({rows.shape(0), 1});
                      return transpose(others.reshape(moved.shape()), back);
                  });
}

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keepdims) {
    const Tensor highest = max(x, axes, true).detach();
    const Tensor finite = where(equal(abs(highest), std::numeric_limits<double>::infinity()), 0, highest);
    const Tensor total = log(sum(exp(x - finite), axes, true)) + finite;
    return keepdims ? total : total.reshape(reduced_shape(x.shape(), axes.among(x.shape(), "logsumexp"), false));
}

Tensor argmax(const Tensor& x, std::int64_t axis, bool keepdims) {
    return arg(x, axis, keepdims, &Reduce::argmax, "argmax");
}
Tensor argmin(const Tensor& x, std::int64_t axis, bool keepdims) {
    return arg(x, axis, keepdims, &Reduce::argmin, "argmin");
}

bool all_finite(const Tensor& x) {
    if (!is_floating(x.dtype())) return true;
    const auto& kernels = kernels::active<Reduce>();
    return x.dtype() == float32 ? kernels.all_finite_f32(x.data().data<float>(), x.elements())
                                : kernels.all_finite_f64(x.data().data<double>(), x.elements());
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
    if (x.shape() == shape) return x;
    std::vector<std::int64_t> axes;
    const int ahead = x.rank() - shape.rank();
    for (int i = 0; i < x.rank(); ++i)
        if (i < ahead || (shape[i - ahead] == 1 && x.shape()[i] != 1)) axes.push_back(i);
    if (axes.empty()) return x.reshape(shape);
    return sum(x, axes, true).reshape(shape);
}

}  // namespace weft
