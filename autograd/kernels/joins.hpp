// What an array is reduced by. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/functions.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weft::kernels {
namespace {

template <class T>
constexpr T least = -infinity<T>;
template <>
constexpr std::int64_t least<std::int64_t> = INT64_MIN;
template <class T>
constexpr T greatest = infinity<T>;
template <>
constexpr std::int64_t greatest<std::int64_t> = INT64_MAX;

// Each joins two vectors or two numbers. Totals are kept in `Total<T>` when a float would not do for long.
struct Sum {
    template <class T>
    using Total = double;
    template <class T>
    static constexpr T identity = T(0);

    template <class V>
    static V join(const V& a, const V& b) {
        return a + b;
    }
};

struct Product {
    template <class T>
    using Total = T;
    template <class T>
    static constexpr T identity = T(1);

    template <class V>
    static V join(const V& a, const V& b) {
        return a * b;
    }
};

template <bool maximum>
struct Extreme {
    template <class T>
    using Total = T;
    template <class T>
    static constexpr T identity = maximum ? least<T> : greatest<T>;

    template <class T>
    static Batch<T> join(const Batch<T>& a, const Batch<T>& b) {
        return maximum ? greater_of<T>(a, b) : lesser_of<T>(a, b);
    }
    template <class T>
    static T join(T a, T b) {
        return (maximum ? b > a : b < a) || b != b ? b : a;
    }
};
using Maximum = Extreme<true>;
using Minimum = Extreme<false>;

/// All lanes joined into one number.
template <class Op, class T>
[[gnu::always_inline]] inline T across(const Batch<T>& x) {
    T buffer[lanes<T>];
    x.store_unaligned(buffer);
#pragma GCC unroll 4
    for (std::int64_t half = lanes<T> / 2; half > 0; half /= 2)
        for (std::int64_t i = 0; i < half; ++i) buffer[i] = Op::join(buffer[i], buffer[i + half]);
    return buffer[0];
}

#if defined(__AVX512F__)

// The same halves, without the way through memory (xsimd's hadd would leave an AVX2 function compiled for AVX-512).
template <>
[[gnu::always_inline]] inline float across<Sum, float>(const Batch<float>& x) {
    return _mm512_reduce_add_ps(x.data);
}

#endif

}  // namespace
}  // namespace weft::kernels
