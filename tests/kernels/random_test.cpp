#include "spans.hpp"

#include <weft/autograd/kernels/random.hpp>

#include <array>
#include <cstring>

using namespace weft::kernels;
using spans::Guarded;

namespace {

using Block = std::array<std::uint32_t, 4>;

/// Philox4x32-10 as the paper gives it, one counter at a time.
Block philox(Block counter, std::array<std::uint32_t, 2> key) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = 0xd2511f53ull * counter[0], b = 0xcd9e8d57ull * counter[2];
        counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
                   static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
        key[0] += 0x9e3779b9u;
        key[1] += 0xbb67ae85u;
    }
    return counter;
}

std::uint32_t word(std::uint64_t seed, std::uint64_t stream, std::int64_t element) {
    const std::uint64_t block = static_cast<std::uint64_t>(element) / 4;
    const auto low = [](std::uint64_t v) { return static_cast<std::uint32_t>(v); };
    const auto high = [](std::uint64_t v) { return static_cast<std::uint32_t>(v >> 32); };
    return philox({low(block), high(block), low(stream), high(stream)}, {low(seed), high(seed)})[element % 4];
}

double uniform(std::uint64_t seed, std::uint64_t stream, std::int64_t i) {
    const double high = word(seed, stream, 2 * i) >> 5, low = word(seed, stream, 2 * i + 1) >> 6;
    return (high * 0x1p26 + low) * 0x1p-53;
}

long double normal(std::uint64_t seed, std::uint64_t stream, std::int64_t i) {
    const long double turn = 2 * std::acos(-1.L), u = uniform(seed, stream, i / 2 * 2),
                      angle = turn * uniform(seed, stream, i / 2 * 2 + 1);
    return std::sqrt(-2 * std::log1p(-u)) * (i % 2 ? std::sin(angle) : std::cos(angle));
}

constexpr std::uint64_t seed = 0x123456789abcdef0, stream = 0xfedcba9876543210;

/// Bitwise, so that -0 and 0 differ.
template <class T>
bool same_bits(const T* a, const T* b, std::int64_t n) {
    return std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(T)) == 0;
}

/// The kernel's n values from `first` on must be those of the whole stream, on each instruction set, and nothing else
/// may be written.
template <class T>
void check_slices(void (*Random::*kernel)(std::uint64_t, std::uint64_t, std::int64_t, T*, std::int64_t)) {
    std::vector<T> whole(3000);
    (family<Random>(available().front()).*kernel)(seed, stream, 0, whole.data(), 3000);
    for (Isa isa : available())
        for (std::int64_t n : spans::sizes())
            for (std::int64_t first : {0, 1, 2, 3, 4, 5, 6, 7, 63, 128, 255, 1001}) {
                Guarded<T> y(n);
                (family<Random>(isa).*kernel)(seed, stream, first, y.data(), n);
                INFO(name(isa) << ", first " << first << ", n " << n);
                REQUIRE(y.untouched());
                REQUIRE(same_bits(y.data(), whole.data() + first, n));
            }
}

}  // namespace

TEST_CASE("the reference generator gives the published words", "[kernels]") {
    // Random123's known answers.
    CHECK((philox({0, 0, 0, 0}, {0, 0}) == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    const std::uint32_t ones = 0xffffffff;
    CHECK((philox({ones, ones, ones, ones}, {ones, ones}) == Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    CHECK((philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
           Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST_CASE("words are Philox's, at any place of any stream", "[kernels]") {
    for (Isa isa : available()) {
        INFO(name(isa));
        const Random& k = family<Random>(isa);
        std::uint32_t zero[4];
        k.bits(0, 0, 0, zero, 4);
        CHECK((Block{zero[0], zero[1], zero[2], zero[3]} == Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
        const std::int64_t far = std::int64_t(1) << 34;  // where the counter's second word begins
        for (std::int64_t first : {std::int64_t(0), std::int64_t(3), far, far - 70}) {
            std::uint32_t words[300];
            k.bits(seed, stream, first, words, 300);
            for (std::int64_t i = 0; i < 300; ++i) REQUIRE(words[i] == word(seed, stream, first + i));
        }
    }
}

TEST_CASE("any slice of a stream is the stream's, and every instruction set's", "[kernels]") {
    check_slices<std::uint32_t>(&Random::bits);
    check_slices<float>(&Random::uniform_f32);
    check_slices<double>(&Random::uniform_f64);
    check_slices<float>(&Random::normal_f32);
    check_slices<double>(&Random::normal_f64);
}

TEST_CASE("uniform and normal values are made from the words as documented", "[kernels]") {
    const Random& k = family<Random>(available().front());
    const std::int64_t n = 20000;
    std::vector<float> u(n), z(n);
    std::vector<double> wide_u(n), wide_z(n);
    k.uniform_f32(seed, stream, 0, u.data(), n);
    k.uniform_f64(seed, stream, 0, wide_u.data(), n);
    k.normal_f32(seed, stream, 0, z.data(), n);
    k.normal_f64(seed, stream, 0, wide_z.data(), n);
    for (std::int64_t i = 0; i < n; ++i) {
        const std::size_t s = static_cast<std::size_t>(i);
        REQUIRE(u[s] == static_cast<float>(word(seed, stream, i) >> 8) * 0x1p-24f);
        REQUIRE(wide_u[s] == uniform(seed, stream, i));
        const long double exact = normal(seed, stream, i);
        if (std::abs(wide_z[s] - exact) > 1e-15L * std::max(1.L, std::abs(exact))) REQUIRE(wide_z[s] == exact);
        REQUIRE(z[s] == static_cast<float>(wide_z[s]));
    }
}

TEST_CASE("normal values have the bits they always had", "[kernels]") {
    for (Isa isa : available()) {
        std::vector<double> z(1'000'000);
        std::vector<std::uint64_t> bits(z.size());
        family<Random>(isa).normal_f64(1, 2, 0, z.data(), 1'000'000);
        std::memcpy(bits.data(), z.data(), z.size() * sizeof(double));
        std::uint64_t hash = 0;
        for (std::uint64_t b : bits) hash = (hash ^ b) * 0x9e3779b97f4a7c15;
        INFO(name(isa));
        CHECK(hash == 0xf03606c750191604);
    }
}

TEST_CASE("uniform and normal values are distributed as they should be", "[kernels]") {
    const Random& k = family<Random>(available().back());
    const std::int64_t n = 1'000'000;
    std::vector<double> u(n), z(n);
    k.uniform_f64(7, 0, 0, u.data(), n);
    k.normal_f64(7, 1, 0, z.data(), n);
    // Moments within five standard deviations of the estimate.
    const auto mean = [](const std::vector<double>& x, int power) {
        double sum = 0;
        for (double v : x) sum += std::pow(v, power);
        return sum / static_cast<double>(n);
    };
    CHECK(std::abs(mean(u, 1) - 1. / 2) < 5 * 0.29e-3);
    CHECK(std::abs(mean(u, 2) - 1. / 3) < 5 * 0.30e-3);
    CHECK(std::abs(mean(z, 1)) < 5e-3);
    CHECK(std::abs(mean(z, 2) - 1) < 5 * 1.42e-3);
    CHECK(std::abs(mean(z, 3)) < 5 * 3.9e-3);
    CHECK(std::abs(mean(z, 4) - 3) < 5 * 9.8e-3);
    double neighbours = 0;
    for (std::size_t i = 1; i < z.size(); ++i) neighbours += z[i] * z[i - 1];
    CHECK(std::abs(neighbours / static_cast<double>(n)) < 5e-3);
    // A hundred equal bins: chi-squared of 99 degrees is 99 +- 14.
    std::array<double, 100> bins{};
    for (double v : u) bins[static_cast<std::size_t>(v * 100)] += 1;
    double chi_squared = 0;
    for (double b : bins) chi_squared += (b - 1e4) * (b - 1e4) / 1e4;
    CHECK(chi_squared < 99 + 5 * 14.1);
    CHECK(chi_squared > 99 - 5 * 14.1);
    for (double v : u) REQUIRE((v >= 0 && v < 1));
    const double far = *std::max_element(z.begin(), z.end());
    CHECK(far > 4);
    CHECK(far < 7);
}

TEMPLATE_TEST_CASE("dropout keeps what its half of a word says", "[kernels]", float, double) {
    using T = TestType;
    const T nan = std::numeric_limits<T>::quiet_NaN();
    for (Isa isa : available()) {
        const Random& k = family<Random>(isa);
        const auto dropout = [&] {
            if constexpr (sizeof(T) == 4) return k.dropout_f32;
            else return k.dropout_f64;
        }();
        const auto half = [&](std::int64_t element) {
            const std::int64_t group = element / dropout_group, place = element % dropout_group;
            const auto both = word(seed, stream, group * (dropout_group / 2) + place % (dropout_group / 2));
            return static_cast<std::int32_t>(place < dropout_group / 2 ? both & 0xffff : both >> 16);
        };
        for (std::int64_t n : spans::sizes())
            for (std::int64_t first : {0, 32, 224, 1024})
                for (std::int32_t threshold : {0, 19661, 32768, 65536}) {
                    INFO(name(isa) << ", n " << n << ", first " << first << ", threshold " << threshold);
                    const Guarded<T> x(spans::uniform<T>(n, -1, 1));
                    Guarded<T> y(n), in_place(x.values());
                    dropout(seed, stream, first, threshold, T(1.25), x.data(), y.data(), n);
                    dropout(seed, stream, first, threshold, T(1.25), in_place.data(), in_place.data(), n);
                    REQUIRE(y.untouched());
                    REQUIRE(in_place.untouched());
                    for (std::int64_t i = 0; i < n; ++i) {
                        const T exact = half(first + i) >= threshold ? x[i] * T(1.25) : T(0);
                        if (y[i] != exact || in_place[i] != exact) REQUIRE(y[i] == exact);
                    }
                }
        T kept = 3;  // a draw that equals the threshold keeps its element
        dropout(seed, stream, 64, half(64), T(2), &kept, &kept, 1);
        CHECK(kept == 6);
        std::vector<T> bad(1000, nan);
        dropout(seed, stream, 0, 65536, T(2), bad.data(), bad.data(), 1000);
        CHECK(std::all_of(bad.begin(), bad.end(), [](T v) { return v == 0; }));  // a dropped NaN is gone
    }
}
