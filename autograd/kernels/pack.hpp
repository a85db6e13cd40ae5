// Packing for multiplies: a strip of a matrix as a panel [depth][width], which the register tile reads front to back.
// For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/arch.hpp>
#include <weft/autograd/kernels/partial.hpp>

namespace weft::kernels {
namespace {

/// A vector is made of 128-bit parts; this many elements each.
template <class T>
constexpr std::int64_t part = 16 / static_cast<std::int64_t>(sizeof(T));

/// Part q of the result is rows[q * part][k .. k + part).
template <class T>
[[gnu::always_inline]] inline Batch<T> load_parts(const T* const* rows, std::int64_t k) {
    static_assert(lanes<T> == part<T>);
    return Batch<T>::load_unaligned(rows[0] + k);
}

/// Within each part: the lower (upper) halves of a and b, element by element in turn.
template <class T>
[[gnu::always_inline]] inline Batch<T> interleave_low(Batch<T> a, Batch<T> b) {
    static_assert(lanes<T> == part<T>);
    return xsimd::zip_lo(a, b);
}

template <class T>
[[gnu::always_inline]] inline Batch<T> interleave_high(Batch<T> a, Batch<T> b) {
    static_assert(lanes<T> == part<T>);
    return xsimd::zip_hi(a, b);
}

#if defined(__AVX512F__)

template <>
[[gnu::always_inline]] inline Batch<float> load_parts<float>(const float* const* rows, std::int64_t k) {
    __m512 x = _mm512_castps128_ps512(_mm_loadu_ps(rows[0] + k));
    x = _mm512_insertf32x4(x, _mm_loadu_ps(rows[4] + k), 1);
    x = _mm512_insertf32x4(x, _mm_loadu_ps(rows[8] + k), 2);
    return Batch<float>(_mm512_insertf32x4(x, _mm_loadu_ps(rows[12] + k), 3));
}

template <>
[[gnu::always_inline]] inline Batch<double> load_parts<double>(const double* const* rows, std::int64_t k) {
    __m512d x = _mm512_castpd128_pd512(_mm_loadu_pd(rows[0] + k));
    x = _mm512_insertf64x2(x, _mm_loadu_pd(rows[2] + k), 1);
    x = _mm512_insertf64x2(x, _mm_loadu_pd(rows[4] + k), 2);
    return Batch<double>(_mm512_insertf64x2(x, _mm_loadu_pd(rows[6] + k), 3));
}

template <>
[[gnu::always_inline]] inline Batch<float> interleave_low<float>(Batch<float> a, Batch<float> b) {
    return Batch<float>(_mm512_unpacklo_ps(a.data, b.data));
}

template <>
[[gnu::always_inline]] inline Batch<float> interleave_high<float>(Batch<float> a, Batch<float> b) {
    return Batch<float>(_mm512_unpackhi_ps(a.data, b.data));
}

template <>
[[gnu::always_inline]] inline Batch<double> interleave_low<double>(Batch<double> a, Batch<double> b) {
    return Batch<double>(_mm512_unpacklo_pd(a.data, b.data));
}

template <>
[[gnu::always_inline]] inline Batch<double> interleave_high<double>(Batch<double> a, Batch<double> b) {
    return Batch<double>(_mm512_unpackhi_pd(a.data, b.data));
}

#elif defined(__AVX2__)

template <>
[[gnu::always_inline]] inline Batch<float> load_parts<float>(const float* const* rows, std::int64_t k) {
    const __m256 x = _mm256_castps128_ps256(_mm_loadu_ps(rows[0] + k));
    return Batch<float>(_mm256_insertf128_ps(x, _mm_loadu_ps(rows[4] + k), 1));
}

template <>
[[gnu::always_inline]] inline Batch<double> load_parts<double>(const double* const* rows, std::int64_t k) {
    const __m256d x = _mm256_castpd128_pd256(_mm_loadu_pd(rows[0] + k));
    return Batch<double>(_mm256_insertf128_pd(x, _mm_loadu_pd(rows[2] + k), 1));
}

template <>
[[gnu::always_inline]] inline Batch<float> interleave_low<float>(Batch<float> a, Batch<float> b) {
    return Batch<float>(_mm256_unpacklo_ps(a.data, b.data));
}

template <>
[[gnu::always_inline]] inline Batch<float> interleave_high<float>(Batch<float> a, Batch<float> b) {
    return Batch<float>(_mm256_unpackhi_ps(a.data, b.data));
}

template <>
[[gnu::always_inline]] inline Batch<double> interleave_low<double>(Batch<double> a, Batch<double> b) {
    return Batch<double>(_mm256_unpacklo_pd(a.data, b.data));
}

template <>
[[gnu::always_inline]] inline Batch<double> interleave_high<double>(Batch<double> a, Batch<double> b) {
    return Batch<double>(_mm256_unpackhi_pd(a.data, b.data));
}

#endif

constexpr int widest_panel = 16;  // in vectors

/// `block` rows of a panel, one vector wide, from as many columns of a vector of rows.
template <class T>
[[gnu::always_inline]] inline void transpose_block(const T* const* rows, std::int64_t p, T* to, std::int64_t width) {
    const Batch<T> r0 = load_parts<T>(rows, p), r1 = load_parts<T>(rows + 1, p);
    if constexpr (part<T> == 2) {
        interleave_low(r0, r1).store_unaligned(to);
        interleave_high(r0, r1).store_unaligned(to + width);
    } else {
        const Batch<T> r2 = load_parts<T>(rows + 2, p), r3 = load_parts<T>(rows + 3, p);
        const Batch<T> even_low = interleave_low(r0, r2), odd_low = interleave_low(r1, r3),
                       even_high = interleave_high(r0, r2), odd_high = interleave_high(r1, r3);
        interleave_low(even_low, odd_low).store_unaligned(to);
        interleave_high(even_low, odd_low).store_unaligned(to + width);
        interleave_low(even_high, odd_high).store_unaligned(to + 2 * width);
        interleave_high(even_high, odd_high).store_unaligned(to + 3 * width);
    }
}

/// panel[p * width + i] = x[i * step + p] for p < depth, i < count; columns from count to width repeat the last one.
/// width is in whole vectors, at most widest_panel of them.
template <class T>
void pack_transposed(std::int64_t depth, std::int64_t width, std::int64_t count, const T* __restrict x,
                     std::int64_t step, T* __restrict panel) {
    constexpr std::int64_t L = lanes<T>;
    constexpr std::int64_t line = 64 / static_cast<std::int64_t>(sizeof(T));  // a row's cache line is used up at once
    const T* rows[widest_panel * L];
    for (std::int64_t i = 0; i < width; ++i) rows[i] = x + (i < count ? i : count - 1) * step;
    std::int64_t p = 0;
    for (; p + line <= depth; p += line)
        for (std::int64_t i = 0; i < width; i += L)
#pragma GCC unroll 8
            for (std::int64_t q = p; q < p + line; q += part<T>)
                transpose_block(rows + i, q, panel + q * width + i, width);
    for (; p + part<T> <= depth; p += part<T>)
        for (std::int64_t i = 0; i < width; i += L) transpose_block(rows + i, p, panel + p * width + i, width);
    for (; p < depth; ++p)
        for (std::int64_t i = 0; i < width; ++i) panel[p * width + i] = rows[i][p];
}

/// panel[p * width + i] = x[p * step + i] for p < depth, i < count; columns from count to width are zero.
/// One vector may be written past the panel's end: a buffer of panels needs that room.
template <class T>
void pack_rows(std::int64_t depth, std::int64_t width, std::int64_t count, const T* __restrict x, std::int64_t step,
               T* __restrict panel) {
    constexpr std::int64_t L = lanes<T>;
    const std::int64_t whole = count / L * L;
    for (std::int64_t p = 0; p < depth; ++p, x += step, panel += width) {
        std::int64_t i = 0;
        for (; i < whole; i += L) {
            __builtin_prefetch(x + 8 * step + i);
            Batch<T>::load_unaligned(x + i).store_unaligned(panel + i);
        }
        if (i < count) {
            load_partial(x + i, count - i).store_unaligned(panel + i);
            i += L;
        }
        for (; i < width; i += L) Batch<T>(T(0)).store_unaligned(panel + i);
    }
}

}  // namespace
}  // namespace weft::kernels
