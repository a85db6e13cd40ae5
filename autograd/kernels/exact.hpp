// Functions of double vectors that give the same bits on every instruction set: for random numbers, which must not
// depend on the processor. They use what IEEE 754 rounds exactly, and keep products from being fused with the sums they
// go into. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/functions.hpp>

namespace weft::kernels::exact {
namespace {

using Doubles = Batch<double>;
using Bits64 = Batch<std::uint64_t>;

/// a * b, rounded by itself: the compiler cannot look through the empty assembly and make a fused multiply-add of it.
[[gnu::always_inline]] inline Doubles times(const Doubles& a, const Doubles& b) {
    Doubles product = a * b;
#if defined(__x86_64__)
    asm("" : "+v"(product.data));
#elif defined(__aarch64__)
    asm("" : "+w"(product.data));
#endif
    return product;
}

/// The sum of coefficients[k] z^k.
template <int n>
[[gnu::always_inline]] inline Doubles polynomial(const Doubles& z, const double (&coefficients)[n]) {
    Doubles y(coefficients[n - 1]);
#pragma GCC unroll 16
    for (int k = n - 2; k >= 0; --k) y = times(y, z) + Doubles(coefficients[k]);
    return y;
}

/// k as a double, for k < 2^52.
[[gnu::always_inline]] inline Doubles to_double(const Bits64& k) {
    return xsimd::bitwise_cast<Doubles>(k | Bits64(std::uint64_t(0x4330000000000000))) - Doubles(0x1p52);
}

/// The natural logarithm of x in (0, 1], x normal: x = 2^e m, m in [sqrt(1/2), sqrt(2)), and log m = 2 artanh(s) as its
/// series in s = (m - 1) / (m + 1).
[[gnu::always_inline]] inline Doubles log(const Doubles& x) {
    constexpr std::uint64_t root_half = 0x3fe6a09e667f3bcd, bias = 64;  // no exponent is below -64
    constexpr double series[] = {2.,      2. / 3,  2. / 5,  2. / 7,  2. / 9, 2. / 11,
                                 2. / 13, 2. / 15, 2. / 17, 2. / 19, 2. / 21};
    const Bits64 bits = xsimd::bitwise_cast<Bits64>(x);
    const Bits64 exponent = (bits - Bits64(root_half - (bias << 52))) >> 52;
    const Doubles m = xsimd::bitwise_cast<Doubles>(bits - ((exponent - Bits64(bias)) << 52));
    const Doubles e = to_double(exponent) - Doubles(static_cast<double>(bias));
    const Doubles one(1.), s = (m - one) / (m + one);
    const Doubles log_m = times(s, exact::polynomial(times(s, s), series));
    // log 2 in two parts, the first short enough for an exact product.
    return times(e, Doubles(0x1.62e42fefap-1)) + (times(e, Doubles(0x1.cf79abc9e3b3ap-40)) + log_m);
}

struct SineCosine {
    Doubles sine, cosine;
};

/// Sine and cosine of u full turns, u in [0, 1).
[[gnu::always_inline]] inline SineCosine turn(const Doubles& u) {
    const Doubles quarters = u * Doubles(4.), magic(0x1.8p52), one(1.);
    const Doubles shifted = quarters + magic;  // rounds to an integer, which stands in the low bits
    const Doubles x = times(quarters - (shifted - magic), Doubles(1.57079632679489661923)), z = times(x, x);
    const Doubles sine = x + times(times(x, z), exact::polynomial(z, sine_f64));
    const Doubles cosine = (one - times(Doubles(0.5), z)) + times(times(z, z), exact::polynomial(z, cosine_f64));
    const Bits64 quadrant = xsimd::bitwise_cast<Bits64>(shifted), next = quadrant + Bits64(std::uint64_t(1));
    const auto odd = (xsimd::bitwise_cast<Doubles>(quadrant << 63) | one) < Doubles(0.);
    return {xsimd::select(odd, cosine, sine) ^ xsimd::bitwise_cast<Doubles>((quadrant >> 1) << 63),
            xsimd::select(odd, sine, cosine) ^ xsimd::bitwise_cast<Doubles>((next >> 1) << 63)};
}

}  // namespace
}  // namespace weft::kernels::exact
