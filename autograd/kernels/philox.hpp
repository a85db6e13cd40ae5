// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2,
// 3" (SC 2011), on as many counters at once as a vector has 64-bit lanes. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/arch.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weft::kernels {
namespace {

using Words = Batch<std::uint64_t>;

/// The 64-bit products of the lanes' lower halves. xsimd's own 64-bit multiply takes three times as long.
#if defined(__AVX512F__)
[[gnu::always_inline]] inline Words multiply_lower_halves(const Words& a, const Words& b) {
    return Words(_mm512_mul_epu32(a.data, b.data));
}
#elif defined(__AVX2__)
[[gnu::always_inline]] inline Words multiply_lower_halves(const Words& a, const Words& b) {
    return Words(_mm256_mul_epu32(a.data, b.data));
}
#elif defined(__SSE2__)
[[gnu::always_inline]] inline Words multiply_lower_halves(const Words& a, const Words& b) {
    return Words(_mm_mul_epu32(a.data, b.data));
}
#else
[[gnu::always_inline]] inline Words multiply_lower_halves(const Words& a, const Words& b) {
    std::uint64_t left[lanes<std::uint64_t>], right[lanes<std::uint64_t>];
    a.store_unaligned(left);
    b.store_unaligned(right);
    for (std::int64_t i = 0; i < lanes<std::uint64_t>; ++i)
        left[i] = (left[i] & 0xffffffffu) * (right[i] & 0xffffffffu);
    return Words::load_unaligned(left);
}
#endif

/// One stream's words. Each lane works on the four 32-bit words of one counter; a word is the lower half of its 64-bit
/// lane, and what stands in the upper half does not matter to it.
class Philox {
public:
    Philox(std::uint64_t seed, std::uint64_t stream) : stream_(stream) {
        std::uint32_t low = static_cast<std::uint32_t>(seed), high = static_cast<std::uint32_t>(seed >> 32);
        for (int round = 0; round < 10; ++round, low += 0x9e3779b9u, high += 0xbb67ae85u)
            key_low_[round] = low, key_high_[round] = high;
        // Which counter each lane must hold for `interleave` to bring the words into order: it says so itself.
        std::uint64_t lane[L], at[2 * L];
        for (std::int64_t i = 0; i < L; ++i) lane[i] = static_cast<std::uint64_t>(i);
        interleave(Words::load_unaligned(lane), Words::load_unaligned(lane), at);
        for (std::int64_t block = 0; block < L; ++block) offset_[at[2 * block]] = static_cast<std::uint64_t>(block);
    }

    /// Counters in one batch of work; each gives four words.
    static constexpr std::int64_t L = lanes<std::uint64_t>;

    /// out[0 .. 4 L) = the words of the counters block, block + 1, ..., block + L - 1.
    [[gnu::always_inline]] void words(std::uint64_t block, std::uint32_t* out) const {
        const Words multiplier0(std::uint64_t(0xd2511f53)), multiplier2(std::uint64_t(0xcd9e8d57));
        const Words counter = Words(block) + Words::load_unaligned(offset_);
        Words c0 = counter, c1 = counter >> 32, c2(stream_), c3(stream_ >> 32);
#pragma GCC unroll 10
        for (int round = 0; round < 10; ++round) {
            const Words product0 = multiply_lower_halves(c0, multiplier0);
            const Words product2 = multiply_lower_halves(c2, multiplier2);
            c0 = (product2 >> 32) ^ c1 ^ Words(key_low_[round]);
            c1 = product2;
            c2 = (product0 >> 32) ^ c3 ^ Words(key_high_[round]);
            c3 = product0;
        }
        const Words lower(std::uint64_t(0xffffffff));
        std::uint64_t pairs[2 * L];
        interleave((c0 & lower) | (c1 << 32), (c2 & lower) | (c3 << 32), pairs);
        __builtin_memcpy(out, pairs, sizeof pairs);
    }

private:
    /// Writes the lanes of a and b in turns, in an order of lanes that is the instruction set's.
    [[gnu::always_inline]] static void interleave(const Words& a, const Words& b, std::uint64_t* out) {
        xsimd::zip_lo(a, b).store_unaligned(out);
        xsimd::zip_hi(a, b).store_unaligned(out + L);
    }

    std::uint64_t stream_;
    std::uint64_t key_low_[10], key_high_[10];
    std::uint64_t offset_[L];
};

}  // namespace
}  // namespace weft::kernels
