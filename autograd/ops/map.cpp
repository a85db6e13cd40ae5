#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/ops/map.hpp>

#include <fmt/core.h>

#include <array>

namespace weft {
namespace {

const kernels::Elementwise& table() { return kernels::active<kernels::Elementwise>(); }

// N operands walked together: neighbouring axes that all operands step through alike are one axis; the last axis is the
// kernel's, with a step of 0 or 1 for each operand.
template <int N>
struct Walk {
    int rank = 0;
    std::array<std::int64_t, Shape::max_rank> extent{};
    std::array<std::array<std::int64_t, N>, Shape::max_rank> stride{};
};

template <int N>
Walk<N> plan(const Shape& result, const std::array<const Shape*, N>& operands) {
    Walk<N> walk;
    std::array<std::int64_t, N> size;
    size.fill(1);
    // From the last axis to the first; the walk is kept reversed while it is built: axis 0 is the innermost.
    for (int axis = result.rank() - 1; axis >= 0; --axis) {
        const std::int64_t extent = result[axis];
        std::array<std::int64_t, N> stride{};
        for (int i = 0; i < N; ++i) {
            const int own = axis - (result.rank() - operands[i]->rank());
            const std::int64_t n = own < 0 ? 1 : (*operands[i])[own];
            stride[i] = n == 1 ? 0 : size[i];
            size[i] *= n;
        }
        if (extent == 1) continue;
        if (walk.rank > 0) {
            const int top = walk.rank - 1;
            bool joins = true;
            for (int i = 0; i < N; ++i) joins = joins && stride[i] == walk.stride[top][i] * walk.extent[top];
            if (joins) {
                walk.extent[top] *= extent;
                continue;
            }
        }
        walk.extent[walk.rank] = extent;
        walk.stride[walk.rank++] = stride;
    }
    if (walk.rank == 0) {
        walk.rank = 1;
        walk.extent[0] = 1;
    }
    return walk;
}

// Calls body(offsets, first, rows, count): `rows` times `count` consecutive results from `first`, operands at offsets;
// steps within a row in walk.stride[0], between rows in walk.stride[1].
template <int N, class Body>
void run(const Walk<N>& walk, Body&& body) {
    const std::int64_t inner = walk.extent[0];
    std::int64_t outer = 1;
    for (int axis = 1; axis < walk.rank; ++axis) outer *= walk.extent[axis];
    if (outer == 1) {
        kernels::parallel_for(inner, kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
            std::array<std::int64_t, N> offsets;
            for (int i = 0; i < N; ++i) offsets[i] = begin * walk.stride[0][i];
            body(offsets, begin, 1, end - begin);
        });
        return;
    }
    const std::int64_t grain = std::max<std::int64_t>(1, kernels::elementwise_grain / std::max<std::int64_t>(inner, 1));
    kernels::parallel_for(outer, grain, [&](std::int64_t begin, std::int64_t end) {
        std::array<std::int64_t, Shape::max_rank> index{};
        std::array<std::int64_t, N> offsets{};
        std::int64_t rest = begin;
        for (int axis = 1; axis < walk.rank; ++axis) {
            index[axis] = rest % walk.extent[axis];
            rest /= walk.extent[axis];
            for (int i = 0; i < N; ++i) offsets[i] += index[axis] * walk.stride[axis][i];
        }
        for (std::int64_t row = begin; row < end;) {
            const std::int64_t rows = std::min(end - row, walk.extent[1] - index[1]);
            body(offsets, row * inner, rows, inner);
            row += rows;
            std::int64_t steps = rows;
            for (int axis = 1; axis < walk.rank; ++axis, steps = 1) {
                for (int i = 0; i < N; ++i) offsets[i] += walk.stride[axis][i] * steps;
                if ((index[axis] += steps) < walk.extent[axis]) break;
                index[axis] = 0;
                for (int i = 0; i < N; ++i) offsets[i] -= walk.stride[axis][i] * walk.extent[axis];
            }
        }
    });
}

template <class T, class R>
Array zip_with(const Tensor& a, const Tensor& b, const kernels::BinaryFunction<T, R>& f, DType result_dtype,
               const char* where) {
    const Shape shape = a.shape() == b.shape() ? a.shape() : broadcast(a.shape(), b.shape(), where);
    Array result(shape, result_dtype);
    const T* x = a.data().data<T>();
    const T* y = b.data().data<T>();
    R* out = reinterpret_cast<R*>(result.data<std::byte>());
    const std::int64_t n = shape.elements();
    if (n == 0) return result;
    if (n == 1) {
        f.row(x, 1, y, 1, out, 1);
        return result;
    }
    const Walk<2> walk = plan<2>(shape, {&a.shape(), &b.shape()});
    const auto &step = walk.stride[0], &row_step = walk.stride[1];
    run<2>(walk, [&](const auto& offsets, std::int64_t first, std::int64_t rows, std::int64_t count) {
        const T *left = x + offsets[0], *right = y + offsets[1];
        if (rows == 1) f.row(left, step[0], right, step[1], out + first, count);
        else f.rows({left, step[0], row_step[0]}, {right, step[1], row_step[1]}, out + first, rows, count);
    });
    return result;
}

[[noreturn]] void refuse(const Tensor& a, const Tensor& b, const char* where) {
    const bool floats = is_floating(a.dtype()) && is_floating(b.dtype());
    throw DTypeError(fmt::format("{}: received {} and {}. {}", where, describe(a), describe(b),
                                 floats ? "Convert one of them: x.to(float32) or x.to(float64)."
                                        : "bool and uint8 take no part in arithmetic: convert first, x.to(float32)."));
}

}  // namespace

void require_floating(const Tensor& x, const char* where) {
    if (!is_floating(x.dtype()))
        throw DTypeError(fmt::format("{}: expects float32 or float64; received {}. Convert it first: x.to(float32).",
                                     where, describe(x)));
}

Array map(const Tensor& x, kernels::Unary kernels::Elementwise::*f, const char* where) {
    require_floating(x, where);
    Array result(x.shape(), x.dtype());
    const kernels::Unary& kernel = table().*f;
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        const T* in = x.data().data<T>();
        T* out = result.data<T>();
        kernels::parallel_for(result.elements(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
            if constexpr (std::is_same_v<T, float>) kernel.f32(in + begin, out + begin, end - begin);
            else kernel.f64(in + begin, out + begin, end - begin);
        });
    });
    return result;
}

std::optional<Operands> promoted(const Tensor& a, const Tensor& b, const char* where) {
    const DType x = a.dtype(), y = b.dtype();
    const bool a_weak = a.impl()->weak, b_weak = b.impl()->weak;
    if (!a_weak && !b_weak && x == y && x >= int64) return {};
    if (a_weak && b_weak) {
        const DType both = is_floating(x) || is_floating(y) ? float32 : int64;
        return Operands{Tensor(cast(a.data(), both)), Tensor(cast(b.data(), both))};
    }
    if (a_weak || b_weak) {
        const Tensor& number = a_weak ? a : b;
        const Tensor& other = a_weak ? b : a;
        if (other.dtype() < int64) refuse(a, b, where);
        if (is_floating(number.dtype()) && other.dtype() == int64) {
            Tensor converted = other.to(float32), value(cast(number.data(), float32));
            return a_weak ? Operands{value, converted} : Operands{converted, value};
        }
        Tensor value(cast(number.data(), other.dtype()));
        return a_weak ? Operands{value, b} : Operands{a, value};
    }
    if (x == int64 && is_floating(y)) return Operands{a.to(y), b};
    if (y == int64 && is_floating(x)) return Operands{a, b.to(x)};
    refuse(a, b, where);
}

std::optional<Operands> comparable(const Tensor& a, const Tensor& b, const char* where) {
    if (a.dtype() == b.dtype() && a.dtype() < int64) return Operands{a.to(int64), b.to(int64)};
    if (a.dtype() < int64 && b.impl()->weak) return Operands{a.to(int64), Tensor(cast(b.data(), int64))};
    if (b.dtype() < int64 && a.impl()->weak) return Operands{Tensor(cast(a.data(), int64)), b.to(int64)};
    return promoted(a, b, where);
}

namespace {

void require_same_type(const Tensor& a, const Tensor& b, const char* where) {
    if (a.dtype() != b.dtype()) refuse(a, b, where);
}

}  // namespace

Array zip(const Tensor& a, const Tensor& b, kernels::Binary kernels::Elementwise::*f, const char* where) {
    require_same_type(a, b, where);
    const kernels::Binary& kernel = table().*f;
    if (a.dtype() == float32) return zip_with<float, float>(a, b, kernel.f32, float32, where);
    require_floating(a, where);
    return zip_with<double, double>(a, b, kernel.f64, float64, where);
}

Array zip(const Tensor& a, const Tensor& b, kernels::Arithmetic kernels::Elementwise::*f, const char* where) {
    require_same_type(a, b, where);
    const kernels::Arithmetic& kernel = table().*f;
    if (a.dtype() == float32) return zip_with<float, float>(a, b, kernel.f32, float32, where);
    if (a.dtype() == float64) return zip_with<double, double>(a, b, kernel.f64, float64, where);
    return zip_with<std::int64_t, std::int64_t>(a, b, kernel.i64, int64, where);
}

Array zip(const Tensor& a, const Tensor& b, kernels::Comparison kernels::Elementwise::*f, const char* where) {
    require_same_type(a, b, where);
    const kernels::Comparison& kernel = table().*f;
    if (a.dtype() == float32) return zip_with<float, std::uint8_t>(a, b, kernel.f32, boolean, where);
    if (a.dtype() == float64) return zip_with<double, std::uint8_t>(a, b, kernel.f64, boolean, where);
    return zip_with<std::int64_t, std::uint8_t>(a, b, kernel.i64, boolean, where);
}

Array choose(const Tensor& condition, const Tensor& a, const Tensor& b, const char* where) {
    const Shape shape = broadcast(broadcast(a.shape(), b.shape(), where), condition.shape(), where);
    Array result(shape, a.dtype());
    if (shape.elements() == 0) return result;
    const Walk<3> walk = plan<3>(shape, {&condition.shape(), &a.shape(), &b.shape()});
    const std::uint8_t* c = reinterpret_cast<const std::uint8_t*>(condition.data().data<std::byte>());
    dispatch_floating(a.dtype(), [&]<class T>(T) {
        const T* x = a.data().data<T>();
        const T* y = b.data().data<T>();
        T* out = result.data<T>();
        const auto where_of = [] {
            if constexpr (std::is_same_v<T, float>) return table().where_f32;
            else return table().where_f64;
        }();
        const auto &s = walk.stride[0], &row_step = walk.stride[1];
        run<3>(walk, [&](const auto& at, std::int64_t first, std::int64_t rows, std::int64_t count) {
            for (std::int64_t r = 0; r < rows; ++r)
                where_of(c + at[0] + r * row_step[0], s[0], x + at[1] + r * row_step[1], s[1],
                         y + at[2] + r * row_step[2], s[2], out + first + r * count, count);
        });
    });
    return result;
}

}  // namespace weft
