// Loads and stores of the first few lanes of a vector: what is left of a row whose length is no multiple of the
// vector's. Nothing beyond the counted lanes is read or written. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/arch.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weft::kernels {
namespace {

/// x[0 .. count), then zeros; 0 <= count <= lanes.
template <class T>
[[gnu::always_inline]] inline Batch<T> load_partial(const T* x, std::int64_t count) {
    alignas(64) T buffer[lanes<T>] = {};
    for (std::int64_t i = 0; i < count; ++i) buffer[i] = x[i];
    return Batch<T>::load_aligned(buffer);
}

/// y[0 .. count) = the first lanes of x; 0 <= count <= lanes.
template <class T>
[[gnu::always_inline]] inline void store_partial(T* y, std::int64_t count, Batch<T> x) {
    alignas(64) T buffer[lanes<T>];
    x.store_aligned(buffer);
    for (std::int64_t i = 0; i < count; ++i) y[i] = buffer[i];
}

#if defined(__AVX512F__)

template <>
[[gnu::always_inline]] inline Batch<float> load_partial<float>(const float* x, std::int64_t count) {
    return Batch<float>(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), x));
}

template <>
[[gnu::always_inline]] inline Batch<double> load_partial<double>(const double* x, std::int64_t count) {
    return Batch<double>(_mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << count) - 1), x));
}

template <>
[[gnu::always_inline]] inline void store_partial<float>(float* y, std::int64_t count, Batch<float> x) {
    _mm512_mask_storeu_ps(y, static_cast<__mmask16>((1u << count) - 1), x.data);
}

template <>
[[gnu::always_inline]] inline void store_partial<double>(double* y, std::int64_t count, Batch<double> x) {
    _mm512_mask_storeu_pd(y, static_cast<__mmask8>((1u << count) - 1), x.data);
}

#elif defined(__AVX2__)

// A window on these is the mask of the first lanes.
alignas(32) constexpr std::int32_t first_lanes_f32[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
alignas(32) constexpr std::int64_t first_lanes_f64[8] = {-1, -1, -1, -1};

template <>
[[gnu::always_inline]] inline Batch<float> load_partial<float>(const float* x, std::int64_t count) {
    const auto* mask = reinterpret_cast<const __m256i*>(first_lanes_f32 + 8 - count);
    return Batch<float>(_mm256_maskload_ps(x, _mm256_loadu_si256(mask)));
}

template <>
[[gnu::always_inline]] inline Batch<double> load_partial<double>(const double* x, std::int64_t count) {
    const auto* mask = reinterpret_cast<const __m256i*>(first_lanes_f64 + 4 - count);
    return Batch<double>(_mm256_maskload_pd(x, _mm256_loadu_si256(mask)));
}

// Not by maskstore: it is microcoded on some processors. The count's bits say which halves to write.
template <>
[[gnu::always_inline]] inline void store_partial<float>(float* y, std::int64_t count, Batch<float> x) {
    if (count == 8) return x.store_unaligned(y);
    __m128 part = _mm256_castps256_ps128(x.data);
    if (count & 4) {
        _mm_storeu_ps(y, part);
        part = _mm256_extractf128_ps(x.data, 1);
        y += 4;
    }
    if (count & 2) {
        _mm_storel_pi(reinterpret_cast<__m64*>(y), part);
        part = _mm_movehl_ps(part, part);
        y += 2;
    }
    if (count & 1) _mm_store_ss(y, part);
}

template <>
[[gnu::always_inline]] inline void store_partial<double>(double* y, std::int64_t count, Batch<double> x) {
    if (count == 4) return x.store_unaligned(y);
    __m128d part = _mm256_castpd256_pd128(x.data);
    if (count & 2) {
        _mm_storeu_pd(y, part);
        part = _mm256_extractf128_pd(x.data, 1);
        y += 2;
    }
    if (count & 1) _mm_store_sd(y, part);
}

#endif

}  // namespace
}  // namespace weft::kernels
