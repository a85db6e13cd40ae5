#include <weft/autograd/kernels/elementwise.hpp>

#include <weft/autograd/kernels/functions.hpp>
#include <weft/autograd/kernels/spans.hpp>

namespace weft::kernels {
namespace {

// ---- loops --------------------------------------------------------------------------------------------------------

/// Several vectors side by side (see meson.build): where the function is one long chain, the processor does not look
/// far enough ahead to begin the next vector's by itself.
template <class F, class T>
void unary(const T* x, T* y, std::int64_t n) {
    constexpr std::int64_t together = 4, step = together * lanes<T>;
    std::int64_t i = 0;
    for (; i + step <= n; i += step) {
        Batch<T> results[together];
#pragma GCC unroll 4
        for (int k = 0; k < together; ++k) results[k] = F{}(Batch<T>::load_unaligned(x + i + k * lanes<T>));
#pragma GCC unroll 4
        for (int k = 0; k < together; ++k) results[k].store_unaligned(y + i + k * lanes<T>);
    }
    each<T>(n - i, [&](auto at, std::int64_t j) { at.store(y + i + j, F{}(at.load(x + i + j))); });
}

template <class F>
constexpr Unary unary_of{unary<F, float>, unary<F, double>};

template <class F, class T>
void binary_row(const T* a, std::int64_t a_step, const T* b, std::int64_t b_step, T* y, std::int64_t n) {
    if (n <= 0) return;
    if (a_step && b_step) {
        each<T>(n, [&](auto at, std::int64_t i) { at.store(y + i, F{}(at.load(a + i), at.load(b + i))); });
    } else if (a_step) {
        const Batch<T> all_b(*b);
        each<T>(n, [&](auto at, std::int64_t i) { at.store(y + i, F{}(at.load(a + i), all_b)); });
    } else if (b_step) {
        const Batch<T> all_a(*a);
        each<T>(n, [&](auto at, std::int64_t i) { at.store(y + i, F{}(all_a, at.load(b + i))); });
    } else {
        const Batch<T> value = F{}(Batch<T>(*a), Batch<T>(*b));
        each<T>(n, [&](auto at, std::int64_t i) { at.store(y + i, value); });
    }
}

template <class T, class R, BinaryRow<T, R> row>
void by_rows(const Operand<T>& a, const Operand<T>& b, R* y, std::int64_t rows, std::int64_t n) {
    for (std::int64_t r = 0; r < rows; ++r)
        row(a.data + r * a.row_step, a.step, b.data + r * b.row_step, b.step, y + r * n, n);
}

template <class T, class R, BinaryRow<T, R> row>
constexpr BinaryFunction<T, R> function_of{row, by_rows<T, R, row>};

/// A row that meets all rows of the other operand serves four of them at a time where it and what streams by do not fit
/// into the first-level cache together. Else one at a time: fewer streams of memory come in faster.
template <class F, class T>
void binary_rows(const Operand<T>& a, const Operand<T>& b, T* y, std::int64_t rows, std::int64_t n) {
    constexpr std::int64_t together = 4, size = sizeof(T);
    std::int64_t done = 0;
    if (a.step && b.step && (a.row_step == 0 || b.row_step == 0) && 3 * n * size > first_level_cache())
        for (; done + together <= rows; done += together) {
            const T *left = a.data + done * a.row_step, *right = b.data + done * b.row_step;
            each<T>(n, [&](auto at, std::int64_t i) {
                Batch<T> results[together];
#pragma GCC unroll 4
                for (int r = 0; r < together; ++r)
                    results[r] = F{}(at.load(left + r * a.row_step + i), at.load(right + r * b.row_step + i));
#pragma GCC unroll 4
                for (int r = 0; r < together; ++r) at.store(y + (done + r) * n + i, results[r]);
            });
        }
    by_rows<T, T, binary_row<F, T>>({a.data + done * a.row_step, a.step, a.row_step},
                                    {b.data + done * b.row_step, b.step, b.row_step}, y + done * n, rows - done, n);
}

template <class F>
constexpr Binary binary_of{{binary_row<F, float>, binary_rows<F, float>},
                           {binary_row<F, double>, binary_rows<F, double>}};

/// Plain loops, which the compiler vectorises well enough, for integers and for results of another type.
template <class F, class T, class R>
void plain_row(const T* a, std::int64_t a_step, const T* b, std::int64_t b_step, R* y, std::int64_t n) {
    if (n <= 0) return;
    const T first_a = *a, first_b = *b;
    if (a_step && b_step) {
        for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<R>(F{}(a[i], b[i]));
    } else if (a_step) {
        for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<R>(F{}(a[i], first_b));
    } else if (b_step) {
        for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<R>(F{}(first_a, b[i]));
    } else {
        const R value = static_cast<R>(F{}(first_a, first_b));
        for (std::int64_t i = 0; i < n; ++i) y[i] = value;
    }
}

template <class F, class T, class R>
constexpr BinaryFunction<T, R> plain = function_of<T, R, plain_row<F, T, R>>;

template <class F>
constexpr Arithmetic arithmetic_of{binary_of<F>.f32, binary_of<F>.f64, plain<F, std::int64_t, std::int64_t>};

template <class F>
constexpr Comparison comparison_of{plain<F, float, std::uint8_t>, plain<F, double, std::uint8_t>,
                                   plain<F, std::int64_t, std::uint8_t>};

// ---- functions of one value ---------------------------------------------------------------------------------------

template <class B>
using Value = typename B::value_type;

/// A constant of x's type in all lanes.
template <class B>
[[gnu::always_inline]] inline B constant(const B&, double value) {
    return B(static_cast<Value<B>>(value));
}

/// Where x Phi(x) has long been 0: keeps -inf from becoming -inf * 0. NaN passes.
template <class B>
[[gnu::always_inline]] inline B not_below_40(const B& x) {
    return greater_of<Value<B>>(constant(x, -40), x);
}

// clang-format off
struct Negative    { template <class B> B operator()(const B& x) const { return -x; } };
struct Absolute    { template <class B> B operator()(const B& x) const { return xsimd::abs(x); } };
struct Sign        { template <class B> B operator()(const B& x) const { return xsimd::sign(x); } };
struct Square      { template <class B> B operator()(const B& x) const { return x * x; } };
struct Cube        { template <class B> B operator()(const B& x) const { return x * x * x; } };
struct Same        { template <class B> B operator()(const B& x) const { return x; } };
struct Sqrt        { template <class B> B operator()(const B& x) const { return xsimd::sqrt(x); } };
struct Rsqrt       { template <class B> B operator()(const B& x) const { return constant(x, 1) / xsimd::sqrt(x); } };
struct Reciprocal  { template <class B> B operator()(const B& x) const { return constant(x, 1) / x; } };
struct Exp         { template <class B> B operator()(const B& x) const { return exponential<Value<B>>(x); } };
struct Expm1       { template <class B> B operator()(const B& x) const { return exponential_minus_one<Value<B>>(x); } };
struct Log         { template <class B> B operator()(const B& x) const { return logarithm<Value<B>>(x); } };
struct Log1p       { template <class B> B operator()(const B& x) const { return logarithm_plus_one<Value<B>>(x); } };
struct Sin         { template <class B> B operator()(const B& x) const { return sine<0, Value<B>>(x); } };
struct Cos         { template <class B> B operator()(const B& x) const { return sine<1, Value<B>>(x); } };
struct Floor       { template <class B> B operator()(const B& x) const { return xsimd::floor(x); } };
struct Round       { template <class B> B operator()(const B& x) const { return xsimd::nearbyint(x); } };  // to even
struct Tanh        { template <class B> B operator()(const B& x) const { return hyperbolic_tangent<Value<B>>(x); } };
struct Sigmoid     { template <class B> B operator()(const B& x) const { return logistic<Value<B>>(x); } };
struct Erf         { template <class B> B operator()(const B& x) const { return error_function<Value<B>>(x); } };
// clang-format on

struct Relu {
    template <class B>
    B operator()(const B& x) const {
        return greater_of<Value<B>>(constant(x, 0), x);
    }
};

struct Softplus {
    template <class B>
    B operator()(const B& x) const {
        return greater_of<Value<B>>(constant(x, 0), x) + xsimd::log1p(xsimd::exp(-xsimd::abs(x)));
    }
};

struct Gelu {
    template <class B>
    B operator()(const B& x) const {
        const B half = constant(x, 0.5) * not_below_40(x);
        return xsimd::fma(half, error_function<Value<B>>(x * constant(x, 0.70710678118654752440)), half);
    }
};

struct GeluTanh {
    template <class B>
    B operator()(const B& x) const {
        const B inner = constant(x, 0.79788456080286535588) * x *
                        xsimd::fma(constant(x, 0.044715) * x, x, constant(x, 1));
        const B half = constant(x, 0.5) * not_below_40(x);
        return xsimd::fma(half, hyperbolic_tangent<Value<B>>(inner), half);
    }
};

// ---- functions of two values --------------------------------------------------------------------------------------

// clang-format off
struct Add         { template <class V> V operator()(const V& a, const V& b) const { return a + b; } };
struct Subtract    { template <class V> V operator()(const V& a, const V& b) const { return a - b; } };
struct Multiply    { template <class V> V operator()(const V& a, const V& b) const { return a * b; } };
struct Divide      { template <class V> V operator()(const V& a, const V& b) const { return a / b; } };

struct Minimum {
    template <class B> B operator()(const B& a, const B& b) const { return lesser_of<Value<B>>(a, b); }
    std::int64_t operator()(std::int64_t a, std::int64_t b) const { return b < a ? b : a; }
};
struct Maximum {
    template <class B> B operator()(const B& a, const B& b) const { return greater_of<Value<B>>(a, b); }
    std::int64_t operator()(std::int64_t a, std::int64_t b) const { return a < b ? b : a; }
};

struct ReluGradient {
    template <class B> B operator()(const B& dy, const B& x) const {
        return xsimd::select(x > constant(x, 0), dy, constant(x, 0));
    }
};
struct TanhGradient {
    template <class B> B operator()(const B& dy, const B& y) const { return dy * xsimd::fnma(y, y, constant(y, 1)); }
};
struct SigmoidGradient {
    template <class B> B operator()(const B& dy, const B& y) const { return dy * (y * (constant(y, 1) - y)); }
};

struct Equal        { template <class T> bool operator()(T a, T b) const { return a == b; } };
struct NotEqual     { template <class T> bool operator()(T a, T b) const { return a != b; } };
struct Less         { template <class T> bool operator()(T a, T b) const { return a < b; } };
struct LessEqual    { template <class T> bool operator()(T a, T b) const { return a <= b; } };
struct Greater      { template <class T> bool operator()(T a, T b) const { return a > b; } };
struct GreaterEqual { template <class T> bool operator()(T a, T b) const { return a >= b; } };
// clang-format on

/// The C library's: xsimd's is 65 ulp off, and wrong for 0, infinite and NaN arguments.
struct Power {
    template <class T>
    [[gnu::noinline]] xsimd::batch<T, Arch> operator()(const xsimd::batch<T, Arch>& a,
                                                       const xsimd::batch<T, Arch>& b) const {
        alignas(64) T left[lanes<T>], right[lanes<T>];
        a.store_aligned(left);
        b.store_aligned(right);
        libm::pow(left, right, left, lanes<T>);
        return Batch<T>::load_aligned(left);
    }
};

/// Powers with one exponent for all are mostly squares, roots and inverses.
template <class T>
void power_row(const T* a, std::int64_t a_step, const T* b, std::int64_t b_step, T* y, std::int64_t n) {
    if (n > 0 && a_step && !b_step) {
        if (*b == T(2)) return unary<Square>(a, y, n);
        if (*b == T(3)) return unary<Cube>(a, y, n);
        if (*b == T(1)) return unary<Same>(a, y, n);
        if (*b == T(-1)) return unary<Reciprocal>(a, y, n);
        if (*b == T(0.5))  // differs from sqrt at -0 and -infinity
            return each<T>(n, [&](auto at, std::int64_t i) {
                const Batch<T> x = at.load(a + i);
                at.store(y + i, xsimd::select(x == Batch<T>(-infinity<T>), -x, xsimd::sqrt(x) + Batch<T>(T(0))));
            });
    }
    binary_row<Power>(a, a_step, b, b_step, y, n);
}

// ---- the rest -----------------------------------------------------------------------------------------------------

template <class T>
void where(const std::uint8_t* condition, std::int64_t c_step, const T* a, std::int64_t a_step, const T* b,
           std::int64_t b_step, T* y, std::int64_t n) {
    if (n <= 0) return;
    const Batch<T> zero(T(0)), first_a(*a), first_b(*b);
    if (!c_step) {
        const bool take_a = *condition != 0, steps = take_a ? a_step : b_step;
        const T* from = take_a ? a : b;
        const Batch<T> first(*from);
        return each<T>(n, [&](auto at, std::int64_t i) { at.store(y + i, steps ? at.load(from + i) : first); });
    }
    constexpr std::int64_t block = 256;
    alignas(64) T flags[block] = {};
    for (std::int64_t start = 0; start < n; start += block) {
        const std::int64_t count = n - start < block ? n - start : block;
        for (std::int64_t i = 0; i < count; ++i) flags[i] = condition[start + i];
        each<T>(count, [&](auto at, std::int64_t i) {
            const Batch<T> value_a = a_step ? at.load(a + start + i) : first_a;
            const Batch<T> value_b = b_step ? at.load(b + start + i) : first_b;
            at.store(y + start + i, xsimd::select(Batch<T>::load_aligned(flags + i) != zero, value_a, value_b));
        });
    }
}

template <class T>
void clip(const T* x, T low, T high, T* y, std::int64_t n) {
    const Batch<T> all_low(low), all_high(high);
    each<T>(n, [&](auto at, std::int64_t i) {
        at.store(y + i, lesser_of<T>(all_high, greater_of<T>(all_low, at.load(x + i))));
    });
}

template <class T>
void axpy(T alpha, const T* x, T* y, std::int64_t n) {
    const Batch<T> all_alpha(alpha);
    each<T>(n, [&](auto at, std::int64_t i) {
        at.store(y + i, xsimd::fma(all_alpha, at.load(x + i), at.load(y + i)));
    });
}

constexpr Elementwise table{
    .negative = unary_of<Negative>,
    .absolute = unary_of<Absolute>,
    .sign = unary_of<Sign>,
    .square = unary_of<Square>,
    .sqrt = unary_of<Sqrt>,
    .rsqrt = unary_of<Rsqrt>,
    .reciprocal = unary_of<Reciprocal>,
    .exp = unary_of<Exp>,
    .expm1 = unary_of<Expm1>,
    .log = unary_of<Log>,
    .log1p = unary_of<Log1p>,
    .sin = unary_of<Sin>,
    .cos = unary_of<Cos>,
    .floor = unary_of<Floor>,
    .round = unary_of<Round>,
    .tanh = unary_of<Tanh>,
    .sigmoid = unary_of<Sigmoid>,
    .softplus = unary_of<Softplus>,
    .relu = unary_of<Relu>,
    .erf = unary_of<Erf>,
    .gelu = unary_of<Gelu>,
    .gelu_tanh = unary_of<GeluTanh>,
    .add = arithmetic_of<Add>,
    .subtract = arithmetic_of<Subtract>,
    .multiply = arithmetic_of<Multiply>,
    .minimum = arithmetic_of<Minimum>,
    .maximum = arithmetic_of<Maximum>,
    .divide = binary_of<Divide>,
    .power = {function_of<float, float, power_row<float>>, function_of<double, double, power_row<double>>},
    .relu_gradient = binary_of<ReluGradient>,
    .tanh_gradient = binary_of<TanhGradient>,
    .sigmoid_gradient = binary_of<SigmoidGradient>,
    .equal = comparison_of<Equal>,
    .not_equal = comparison_of<NotEqual>,
    .less = comparison_of<Less>,
    .less_equal = comparison_of<LessEqual>,
    .greater = comparison_of<Greater>,
    .greater_equal = comparison_of<GreaterEqual>,
    .where_f32 = where<float>,
    .where_f64 = where<double>,
    .clip_f32 = clip<float>,
    .clip_f64 = clip<double>,
    .axpy_f32 = axpy<float>,
    .axpy_f64 = axpy<double>,
};

}  // namespace

template <>
const Elementwise& family<Elementwise, this_isa>() {
    return table;
}

}  // namespace weft::kernels
