// Mathematical functions of a vector, with the C library's results at the edges too: xsimd's where they are right,
// mended where they are not. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/arch.hpp>
#include <weft/autograd/kernels/libm.hpp>

namespace weft::kernels {
namespace {

template <class T>
constexpr bool is_float = sizeof(T) == 4;

template <class T>
constexpr T infinity = static_cast<T>(__builtin_inf());

template <class T>
using Bits = xsimd::batch<xsimd::as_integer_t<T>, Arch>;

/// Applies a libm function to the lanes of x.
template <class T>
[[gnu::noinline]] Batch<T> through(void (*function)(const T*, T*, std::int64_t) noexcept, Batch<T> x) {
    alignas(64) T buffer[lanes<T>];
    x.store_aligned(buffer);
    function(buffer, buffer, lanes<T>);
    return Batch<T>::load_aligned(buffer);
}

/// xsimd gives infinity 0.35 before the largest finite result: there it takes e^(x - 1) e, whose difference is exact.
template <class T>
[[gnu::always_inline]] inline Batch<T> exponential(const Batch<T>& x) {
    const auto high = x > Batch<T>(is_float<T> ? T(88) : T(709));
    const Batch<T> one(1);
    return xsimd::exp(xsimd::select(high, x - one, x)) * xsimd::select(high, Batch<T>(T(2.718281828459045235)), one);
}

/// xsimd loses the sign of -0, and overflows early as in exp.
template <class T>
[[gnu::always_inline]] inline Batch<T> exponential_minus_one(const Batch<T>& x) {
    const auto high = x > Batch<T>(is_float<T> ? T(88) : T(709));
    const Batch<T> one(1);
    const Batch<T> y = xsimd::expm1(xsimd::select(high, x - one, x));
    return xsimd::select(x == Batch<T>(T(0)), x,
                         y * xsimd::select(high, Batch<T>(T(2.718281828459045235)), one));
}

/// xsimd takes double denormals for something else: they are scaled up by 2^54 first.
template <class T>
[[gnu::always_inline]] inline Batch<T> logarithm(const Batch<T>& x) {
    if constexpr (is_float<T>) {
        return xsimd::log(x);
    } else {
        const auto tiny = x < Batch<T>(0x1p-1022);
        const Batch<T> y = xsimd::log(xsimd::select(tiny, x * Batch<T>(0x1p54), x));
        return xsimd::select(tiny, y - Batch<T>(37.429947750237048), y);  // 54 log 2
    }
}

/// xsimd loses the sign of -0.
template <class T>
[[gnu::always_inline]] inline Batch<T> logarithm_plus_one(const Batch<T>& x) {
    return xsimd::select(x == Batch<T>(T(0)), x, xsimd::log1p(x));
}

/// xsimd's float erf is good to 2.5 ulp, its double one to 70 only.
template <class T>
[[gnu::always_inline]] inline Batch<T> error_function(const Batch<T>& x) {
    if constexpr (is_float<T>) {
        return xsimd::erf(x);
    } else {
        return through<double>(libm::erf, x);
    }
}

/// The Taylor polynomial sum of coefficients[k] z^k.
template <class T, int n>
[[gnu::always_inline]] inline Batch<T> polynomial(const Batch<T>& z, const double (&coefficients)[n]) {
    Batch<T> y(static_cast<T>(coefficients[n - 1]));
#pragma GCC unroll 16
    for (int k = n - 2; k >= 0; --k) y = xsimd::fma(y, z, Batch<T>(static_cast<T>(coefficients[k])));
    return y;
}

constexpr double sine_f64[] = {-1. / 6,         1. / 120,          -1. / 5040,           1. / 362880,
                               -1. / 39916800., 1. / 6227020800., -1. / 1307674368000., 1. / 355687428096000.};
constexpr double cosine_f64[] = {1. / 24,        -1. / 720,         1. / 40320,           -1. / 3628800,
                                 1. / 479001600, -1. / 87178291200., 1. / 20922789888000., -1. / 6402373705728000.};
constexpr double sine_f32[] = {-1. / 6, 1. / 120, -1. / 5040, 1. / 362880};
constexpr double cosine_f32[] = {1. / 24, -1. / 720, 1. / 40320, -1. / 3628800};

/// sin(r) and cos(r) for |r| <= pi / 4.
template <class T>
[[gnu::always_inline]] inline Batch<T> sine_near_zero(const Batch<T>& r) {
    const Batch<T> z = r * r;
    if constexpr (is_float<T>) return xsimd::fma(r * z, polynomial<T>(z, sine_f32), r);
    else return xsimd::fma(r * z, polynomial<T>(z, sine_f64), r);
}
template <class T>
[[gnu::always_inline]] inline Batch<T> cosine_near_zero(const Batch<T>& r) {
    const Batch<T> z = r * r;
    const Batch<T> head = Batch<T>(T(1)) - Batch<T>(T(0.5)) * z;
    if constexpr (is_float<T>) return xsimd::fma(z * z, polynomial<T>(z, cosine_f32), head);
    else return xsimd::fma(z * z, polynomial<T>(z, cosine_f64), head);
}

/// sin(x + shift pi / 2), shift 0 or 1, for |x| up to a limit; libm's beyond. (xsimd's own calls functions for large x
/// that are no templates over the architecture: see arch.hpp.)
/// pi / 2 is subtracted in parts (Cody & Waite) short enough that their products with the quadrant are exact.
template <int shift, class T>
[[gnu::always_inline]] inline Batch<T> sine(const Batch<T>& x) {
    using I = xsimd::as_integer_t<T>;
    constexpr T limit = is_float<T> ? T(8192) : T(1e6);
    if (!xsimd::all(xsimd::abs(x) <= Batch<T>(limit))) {
        if constexpr (shift == 0) return through<T>(libm::sin, x);
        else return through<T>(libm::cos, x);
    }

    const Batch<T> positive = xsimd::abs(x);  // so that the sign of -0 is not lost on the way
    const Batch<T> magic(is_float<T> ? T(0x1.8p23) : T(0x1.8p52));  // adding it leaves an integer in the low bits
    const Batch<T> shifted = xsimd::fma(positive, Batch<T>(T(0.63661977236758134308)), magic);
    const Batch<T> quadrant = shifted - magic;
    Batch<T> r;
    if constexpr (is_float<T>) {
        r = positive - quadrant * Batch<T>(0x1.92p0f);
        r = r - quadrant * Batch<T>(0x1.fb4p-12f);
        r = r - quadrant * Batch<T>(0x1.444p-24f);
        r = r - quadrant * Batch<T>(0x1.68c234p-39f);
    } else {
        r = positive - quadrant * Batch<T>(0x1.921fb544p0);
        r = r - quadrant * Batch<T>(0x1.0b4611a6p-34);
        r = r - quadrant * Batch<T>(0x1.3198a2ep-69);
        r = r - quadrant * Batch<T>(0x1.b839a252049c1p-104);
    }
    const Bits<T> bits = xsimd::bitwise_cast<Bits<T>>(shifted) + Bits<T>(I(shift));
    constexpr int top = 8 * sizeof(T) - 1;
    const Batch<T> odd = xsimd::bitwise_cast<Batch<T>>(bits << top) | Batch<T>(T(1));  // -1 in odd quadrants, else 1
    Batch<T> sign = xsimd::bitwise_cast<Batch<T>>((bits >> 1) << top);
    if constexpr (shift == 0) sign ^= xsimd::bitofsign(x);
    return xsimd::select(odd < Batch<T>(T(0)), cosine_near_zero<T>(r), sine_near_zero<T>(r)) ^ sign;
}

/// e^x for x <= 0; 0 where the result would not be normal. The polynomial is (e^r - 1 - r) / r^2 for |r| <= log(2) / 2,
/// fitted by weighted least squares to 0.05 of half a unit in the last place.
[[gnu::always_inline]] inline Batch<float> exponential_of_negative(const Batch<float>& x) {
    constexpr double coefficients[] = {0x1.fffffcp-2, 0x1.555492p-3, 0x1.5558f2p-5, 0x1.1239e2p-7, 0x1.6a2434p-10};
    const Batch<float> magic(0x1.8p23f);  // adding it leaves an integer in the low bits
    const Batch<float> shifted = xsimd::fma(xsimd::max(Batch<float>(-88.f), x), Batch<float>(1.44269504f), magic);
    const Batch<float> n = shifted - magic;
    Batch<float> r = xsimd::fnma(n, Batch<float>(0x1.62ep-1f), x);  // log 2 in two parts: n times the first is exact
    r = xsimd::fnma(n, Batch<float>(0x1.0bfbe8p-15f), r);
    const Batch<float> y = xsimd::fma(r * r, polynomial<float>(r, coefficients), r) + Batch<float>(1.f);
    const auto scaled = xsimd::bitwise_cast<Bits<float>>(y) + (xsimd::bitwise_cast<Bits<float>>(shifted) << 23);
    const Batch<float> other = xsimd::max(Batch<float>(0.f), x);  // 0, or a NaN: scaling its bits would make a number
    return xsimd::select(x >= Batch<float>(-87.3f), xsimd::bitwise_cast<Batch<float>>(scaled), other);
}
[[gnu::always_inline]] inline Batch<double> exponential_of_negative(const Batch<double>& x) { return xsimd::exp(x); }

/// 1 / (1 + e^-x), exact to a few ulp on both sides.
template <class T>
[[gnu::always_inline]] inline Batch<T> logistic(const Batch<T>& x) {
    const Batch<T> one(1), z = exponential_of_negative(-xsimd::abs(x));
    return xsimd::select(x < Batch<T>(T(0)), z, one) / (one + z);
}

/// Exact to 1.5 ulp in float. Below 0.6 it is x + x^3 P(x^2), above 1 - 2 e / (1 + e) with e = e^(-2 x); both
/// polynomials are fitted by weighted least squares. A vector takes both ways: none of its instructions waits for a
/// jump, so that those of several vectors can run side by side.
template <class T>
[[gnu::always_inline]] inline Batch<T> hyperbolic_tangent(const Batch<T>& x) {
    if constexpr (!is_float<T>) {
        return xsimd::tanh(x);
    } else {
        constexpr double p[] = {-0x1.55553ep-2, 0x1.1109aep-3, -0x1.b898dcp-5, 0x1.54b898p-6, -0x1.825836p-8};
        constexpr double minus_two_e[] = {-2,           4,           -0x1.fffffap1, 0x1.55540ap1,
                                          -0x1.55589cp0, 0x1.126d64p-1, -0x1.6ab924p-3};
        const Batch<T> one(1), positive = xsimd::abs(x), z = x * x;
        const Batch<T> small = xsimd::fma(positive * z, polynomial<T>(z, p), positive);

        const Batch<T> magic(T(0x1.8p23)), within = xsimd::min(Batch<T>(10), positive);  // tanh 10 is 1
        const Batch<T> shifted = xsimd::fma(within, Batch<T>(T(-2.88539008177792681)), magic);
        const Batch<T> r = xsimd::fma(shifted - magic, Batch<T>(T(0.346573590279972655)), within);  // log 2 / 2
        const auto scaled = xsimd::bitwise_cast<Bits<T>>(polynomial<T>(r, minus_two_e)) +
                            (xsimd::bitwise_cast<Bits<T>>(shifted) << 23);
        const Batch<T> e = xsimd::bitwise_cast<Batch<T>>(scaled);  // times -2
        const Batch<T> large = one + e / xsimd::fma(e, Batch<T>(T(-0.5)), one);
        return xsimd::select(positive >= Batch<T>(T(0.6)), large, small) | xsimd::bitofsign(x);  // small is NaN for NaN
    }
}

/// tanh x for the gates of recurrent layers: never above 1 and without a way that depends on x, but only exact to 7 ulp
/// in float. x P(x^2) / Q(x^2), fitted by weighted least squares on [0, 9]; beyond, tanh is 1.
template <class T>
[[gnu::always_inline]] inline Batch<T> tanh_of_gate(const Batch<T>& x) {
    if constexpr (!is_float<T>) {
        return xsimd::tanh(x);
    } else {
        constexpr double p[] = {1, 0x1.120406p-3, 0x1.c9f686p-9, 0x1.59517cp-16, 0x1.c998b6p-27};
        constexpr double q[] = {1, 0x1.de574cp-2, 0x1.a7de4ap-6, 0x1.583f74p-12, 0x1.a0b14ap-21};
        const Batch<T> one(1), limit(9);
        const Batch<T> within = xsimd::max(-limit, xsimd::min(limit, x)), z = within * within;
        return xsimd::max(-one, xsimd::min(one, within * polynomial<T>(z, p) / polynomial<T>(z, q)));
    }
}

/// The greater; a NaN on either side is handed on: max(b, a) gives a where one is NaN. (b != b does not find NaN: it is
/// an ordered comparison on some instruction sets.)
template <class T>
[[gnu::always_inline]] inline Batch<T> greater_of(const Batch<T>& a, const Batch<T>& b) {
    return xsimd::select(xsimd::isnan(b), b, xsimd::max(b, a));
}
template <class T>
[[gnu::always_inline]] inline Batch<T> lesser_of(const Batch<T>& a, const Batch<T>& b) {
    return xsimd::select(xsimd::isnan(b), b, xsimd::min(b, a));
}

}  // namespace
}  // namespace weft::kernels
