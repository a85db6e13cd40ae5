// The ends of rows: fewer elements than a vector holds, read and written without touching what lies beyond.
// Masked moves where the instruction set has them, a small buffer where not. For kernel sources only.
#pragma once

#include <weft/autograd/kernels/arch.hpp>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace weft::kernels {
namespace {

#if defined(__AVX512F__)

inline __mmask16 mask16(std::int64_t count) { return static_cast<__mmask16>((1u << count) - 1); }
inline __mmask8 mask8(std::int64_t count) { return static_cast<__mmask8>((1u << count) - 1); }

inline Batch<float> load_partial(const float* from, std::int64_t count) {
    return _mm512_maskz_loadu_ps(mask16(count), from);
}
inline Batch<double> load_partial(const double* from, std::int64_t count) {
    return _mm512_maskz_loadu_pd(mask8(count), from);
}
inline void store_partial(float* to, const Batch<float>& value, std::int64_t count) {
    _mm512_mask_storeu_ps(to, mask16(count), value);
}
inline void store_partial(double* to, const Batch<double>& value, std::int64_t count) {
    _mm512_mask_storeu_pd(to, mask8(count), value);
}

#elif defined(__AVX2__)

alignas(64) constexpr std::int32_t mask_words[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

inline __m256i mask32(std::int64_t count) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask_words + 8 - count));
}

inline Batch<float> load_partial(const float* from, std::int64_t count) {
    return _mm256_maskload_ps(from, mask32(count));
}
inline Batch<double> load_partial(const double* from, std::int64_t count) {
    return _mm256_maskload_pd(from, mask32(2 * count));
}
inline void store_partial(float* to, const Batch<float>& value, std::int64_t count) {
    _mm256_maskstore_ps(to, mask32(count), value);
}
inline void store_partial(double* to, const Batch<double>& value, std::int64_t count) {
    _mm256_maskstore_pd(to, mask32(2 * count), value);
}

#else

template <class T>
Batch<T> load_partial(const T* from, std::int64_t count) {
    alignas(64) T buffer[lanes<T>] = {};
    for (std::int64_t i = 0; i < count; ++i) buffer[i] = from[i];
    return Batch<T>::load_aligned(buffer);
}
template <class T>
void store_partial(T* to, const Batch<T>& value, std::int64_t count) {
    alignas(64) T buffer[lanes<T>];
    value.store_aligned(buffer);
    for (std::int64_t i = 0; i < count; ++i) to[i] = buffer[i];
}

#endif

/// How a loop over contiguous elements reads and writes: whole vectors, or one of `count` elements at its end.
template <class T>
struct Whole {
    Batch<T> load(const T* from) const { return Batch<T>::load_unaligned(from); }
    void store(T* to, const Batch<T>& value) const { value.store_unaligned(to); }
};

template <class T>
struct Part {
    std::int64_t count;
    Batch<T> load(const T* from) const { return load_partial(from, count); }
    void store(T* to, const Batch<T>& value) const { store_partial(to, value, count); }
};

/// Calls body(access, offset) for each vector of `count` contiguous elements.
template <class T, class F>
inline __attribute__((always_inline)) void for_each_vector(std::int64_t count, const F& body) {
    std::int64_t i = 0;
    for (; i + lanes<T> <= count; i += lanes<T>) body(Whole<T>{}, i);
    if (i < count) body(Part<T>{count - i}, i);
}

}  // namespace
}  // namespace weft::kernels
