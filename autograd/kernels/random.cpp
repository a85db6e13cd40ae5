#include <weft/autograd/kernels/random.hpp>

#include <weft/autograd/kernels/exact.hpp>
#include <weft/autograd/kernels/philox.hpp>
#include <weft/autograd/kernels/spans.hpp>

namespace weft::kernels {
namespace {

constexpr std::int64_t chunk = 256;  // words drawn at once; a multiple of what a batch of counters gives

/// Calls consume(words, i, count) on consecutive parts of the stream's words first .. first + n - 1, i from 0. A vector
/// may be read beyond the words' end, but means nothing there.
template <class Consume>
void draw(std::uint64_t seed, std::uint64_t stream, std::uint64_t first, std::int64_t n, const Consume& consume) {
    if (n <= 0) return;
    const Philox philox(seed, stream);
    alignas(64) std::uint32_t words[chunk + 16] = {};
    std::uint64_t block = first / 4;
    std::int64_t skip = static_cast<std::int64_t>(first % 4);
    for (std::int64_t i = 0; i < n; block += chunk / 4) {
        const std::int64_t count = n - i < chunk - skip ? n - i : chunk - skip;
        for (std::int64_t w = 0; w < skip + count; w += 4 * Philox::L)
            philox.words(block + static_cast<std::uint64_t>(w / 4), words + w);
        consume(words + skip, i, count);
        i += count;
        skip = 0;
    }
}

void bits(std::uint64_t seed, std::uint64_t stream, std::int64_t first, std::uint32_t* out, std::int64_t n) {
    draw(seed, stream, static_cast<std::uint64_t>(first), n,
         [out](const std::uint32_t* words, std::int64_t i, std::int64_t count) {
             __builtin_memcpy(out + i, words, static_cast<std::size_t>(count) * sizeof *out);
         });
}

/// The top 24 bits of a vector of words, as a number below 2^24.
[[gnu::always_inline]] inline Batch<float> top_bits(const std::uint32_t* words) {
    const auto high = Batch<std::uint32_t>::load_unaligned(words) >> 8;
    return xsimd::to_float(xsimd::bitwise_cast<Batch<std::int32_t>>(high));
}

void uniform_f32(std::uint64_t seed, std::uint64_t stream, std::int64_t first, float* out, std::int64_t n) {
    draw(seed, stream, static_cast<std::uint64_t>(first), n,
         [out](const std::uint32_t* words, std::int64_t i, std::int64_t count) {
             each<float>(count, [&](auto at, std::int64_t j) {
                 at.store(out + i + j, top_bits(words + j) * Batch<float>(0x1p-24f));
             });
         });
}

/// 53 bits of each pair of words, as numbers in [0, 1).
[[gnu::always_inline]] inline Batch<double> uniform_of_pairs(const std::uint32_t* words) {
    const auto both = xsimd::bitwise_cast<exact::Bits64>(Batch<std::uint32_t>::load_unaligned(words));
    const Batch<double> high = exact::to_double((both << 32) >> 37), low = exact::to_double(both >> 38);
    return (high * Batch<double>(0x1p26) + low) * Batch<double>(0x1p-53);
}

void uniform_f64(std::uint64_t seed, std::uint64_t stream, std::int64_t first, double* out, std::int64_t n) {
    draw(seed, stream, 2 * static_cast<std::uint64_t>(first), 2 * n,
         [out](const std::uint32_t* words, std::int64_t i, std::int64_t count) {
             each<double>(count / 2, [&](auto at, std::int64_t j) {
                 at.store(out + i / 2 + j, uniform_of_pairs(words + 2 * j));
             });
         });
}

/// The 2 L normal values of L counters' words.
[[gnu::always_inline]] inline void box_muller(const std::uint32_t* words, double* out) {
    constexpr std::int64_t L = lanes<double>;
    alignas(64) double uniform[2 * L], first[L], second[L];
    uniform_of_pairs(words).store_aligned(uniform);
    uniform_of_pairs(words + 2 * L).store_aligned(uniform + L);
    for (std::int64_t j = 0; j < L; ++j) first[j] = uniform[2 * j], second[j] = uniform[2 * j + 1];
    const Batch<double> logarithm = exact::log(Batch<double>(1.) - Batch<double>::load_aligned(first));
    const Batch<double> radius = xsimd::sqrt(Batch<double>(-2.) * logarithm);
    const exact::SineCosine direction = exact::turn(Batch<double>::load_aligned(second));
    (radius * direction.cosine).store_aligned(first);
    (radius * direction.sine).store_aligned(second);
    for (std::int64_t j = 0; j < L; ++j) out[2 * j] = first[j], out[2 * j + 1] = second[j];
}

template <class T>
void normal(std::uint64_t seed, std::uint64_t stream, std::int64_t first, T* out, std::int64_t n) {
    if (n <= 0) return;
    // Whole pairs are drawn; `half` says whether the first pair's cosine lies before the first element.
    const std::int64_t half = first % 2, pairs = (half + n + 1) / 2;
    draw(seed, stream, 4 * static_cast<std::uint64_t>(first / 2), 4 * pairs,
         [=](const std::uint32_t* words, std::int64_t i, std::int64_t count) {
             constexpr std::int64_t L = lanes<double>;
             alignas(64) double values[chunk / 2];
             for (std::int64_t j = 0; j < count / 4; j += L) box_muller(words + 4 * j, values + 2 * j);
             const std::int64_t begin = i == 0 ? half : 0, place = i / 2 - half;
             const std::int64_t end = place + count / 2 < n ? count / 2 : n - place;
             for (std::int64_t j = begin; j < end; ++j) out[place + j] = static_cast<T>(values[j]);
         });
}

/// The lower or the upper halves of a vector of words, as numbers below 2^16.
[[gnu::always_inline]] inline Batch<float> halves(const std::uint32_t* words, bool upper, float) {
    const auto both = Batch<std::uint32_t>::load_unaligned(words);
    return xsimd::to_float(xsimd::bitwise_cast<Batch<std::int32_t>>(upper ? both >> 16 : both & 0xffffu));
}
[[gnu::always_inline]] inline Batch<double> halves(const std::uint32_t* words, bool upper, double) {
    alignas(64) double half[lanes<double>];
    for (std::int64_t j = 0; j < lanes<double>; ++j)
        half[j] = static_cast<std::int32_t>(upper ? words[j] >> 16 : words[j] & 0xffffu);
    return Batch<double>::load_aligned(half);
}

template <class T>
void dropout(std::uint64_t seed, std::uint64_t stream, std::int64_t first, std::int32_t threshold, T scale, const T* x,
             T* y, std::int64_t n) {
    constexpr std::int64_t run = dropout_group / 2;  // elements that take the same half of their words
    const Batch<T> least(static_cast<T>(threshold)), all_scale(scale), zero(T(0));
    const std::int64_t words_needed = (n + dropout_group - 1) / dropout_group * run;
    draw(seed, stream, static_cast<std::uint64_t>(first) / 2, words_needed,
         [=](const std::uint32_t* words, std::int64_t i, std::int64_t count) {
             for (std::int64_t w = 0; w < count; w += run)
                 for (const bool upper : {false, true}) {
                     const std::int64_t place = 2 * (i + w) + (upper ? run : 0);
                     each<T>(n - place < run ? n - place : run, [&](auto at, std::int64_t j) {
                         const auto keep = halves(words + w + j, upper, T(0)) >= least;
                         at.store(y + place + j, xsimd::select(keep, at.load(x + place + j) * all_scale, zero));
                     });
                 }
         });
}

constexpr Random table{
    .bits = bits,
    .uniform_f32 = uniform_f32,
    .uniform_f64 = uniform_f64,
    .normal_f32 = normal<float>,
    .normal_f64 = normal<double>,
    .dropout_f32 = dropout<float>,
    .dropout_f64 = dropout<double>,
};

}  // namespace

template <>
const Random& family<Random, this_isa>() {
    return table;
}

}  // namespace weft::kernels
