// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011). Value i of a stream is a function of
// (seed, stream, i) alone, so neither threads nor the instruction set change what is drawn. Each counter block
// (stream:64, i / 4:64) gives four 32-bit words; element i uses word i % 4 of block i / 4.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

inline constexpr std::int64_t dropout_group = 32;

struct Random {
    /// The raw words of elements first .. first + n - 1. For float64 draws, two elements' words make one value.
    void (*bits)(std::uint64_t seed, std::uint64_t stream, std::int64_t first, std::uint32_t* out, std::int64_t n);
    /// Uniform in [0, 1): float32 from the top 24 bits (r >> 8) * 2^-24 of element i's word; float64 from 53 bits of
    /// elements 2i and 2i + 1: ((hi >> 5) * 2^26 + (lo >> 6)) * 2^-53, hi the word of element 2i.
    void (*uniform_f32)(std::uint64_t seed, std::uint64_t stream, std::int64_t first, float* out, std::int64_t n);
    void (*uniform_f64)(std::uint64_t seed, std::uint64_t stream, std::int64_t first, double* out, std::int64_t n);
    /// Standard normal by Box-Muller, computed in double for both types from the float64 uniforms 2p and 2p + 1 of
    /// pair p = i / 2: radius sqrt(-2 log(1 - u)), cosine for even i, sine for odd. The f32 result is that, rounded.
    void (*normal_f32)(std::uint64_t seed, std::uint64_t stream, std::int64_t first, float* out, std::int64_t n);
    void (*normal_f64)(std::uint64_t seed, std::uint64_t stream, std::int64_t first, double* out, std::int64_t n);
    /// y[i] = x[i] * scale where the 16 bits drawn for element i are >= threshold, else 0 (dropout, and its own
    /// gradient when called on dy with the same seed and stream). Two elements share a word: of each dropout_group of
    /// them the first half take the lower 16 bits of as many words, the second half the upper ones. `first` is a
    /// multiple of dropout_group. Double uses the same draws.
    void (*dropout_f32)(std::uint64_t seed, std::uint64_t stream, std::int64_t first, std::int32_t threshold,
                        float scale, const float* x, float* y, std::int64_t n);
    void (*dropout_f64)(std::uint64_t seed, std::uint64_t stream, std::int64_t first, std::int32_t threshold,
                        double scale, const double* x, double* y, std::int64_t n);
};

}  // namespace weft::kernels
