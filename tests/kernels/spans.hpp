// What the kernels' tests share: awkward sizes, outputs between sentinels, distances.
#pragma once

#include "../catch.hpp"

#include <weft/autograd/kernels/isa.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace spans {

/// Around every vector length there is: 0, 1, L - 1, L, L + 1, 2L + 3 for L = 2, 4, 8, 16, four such, and long.
inline const std::vector<std::int64_t>& sizes() {
    static const std::vector<std::int64_t> all{0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 15, 16, 17, 19, 31, 33, 35,
                                               63, 64, 65, 129, 1000};
    return all;
}

/// n elements, unaligned, between sentinels that untouched() looks at.
template <class T>
class Guarded {
public:
    explicit Guarded(std::int64_t n, T fill = T{}) : all_(static_cast<std::size_t>(n) + 2 * margin, sentinel()), n_(n) {
        std::fill_n(data(), n, fill);
    }
    explicit Guarded(const std::vector<T>& values) : Guarded(static_cast<std::int64_t>(values.size())) {
        std::copy(values.begin(), values.end(), data());
    }

    T* data() { return all_.data() + margin; }
    const T* data() const { return all_.data() + margin; }
    T& operator[](std::int64_t i) { return data()[i]; }
    const T& operator[](std::int64_t i) const { return data()[i]; }
    std::int64_t size() const { return n_; }
    std::vector<T> values() const { return {data(), data() + n_}; }

    bool untouched() const {
        const auto sound = [](T v) { return v == sentinel(); };
        return std::all_of(all_.begin(), all_.begin() + margin, sound) &&
               std::all_of(all_.end() - margin, all_.end(), sound);
    }

private:
    static constexpr int margin = 21;  // odd, and more than one vector of floats
    static T sentinel() { return static_cast<T>(77); }

    std::vector<T> all_;
    std::int64_t n_;
};

template <class T>
std::vector<T> uniform(std::int64_t n, double low, double high, unsigned seed = 1) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<double> draw(low, high);
    std::vector<T> values(static_cast<std::size_t>(n));
    for (T& v : values) v = static_cast<T>(draw(engine));
    return values;
}

/// Zeros, infinities, several NaN, the smallest, the largest, and plain ones between.
template <class T>
std::vector<T> special() {
    using L = std::numeric_limits<T>;
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    const Bits quiet = std::bit_cast<Bits>(L::quiet_NaN());
    return {std::bit_cast<T>(Bits(quiet | 1)), std::bit_cast<T>(Bits(-1)), std::bit_cast<T>(Bits(quiet | 0x80)),
            T(0),          -T(0),      L::infinity(), -L::infinity(), L::quiet_NaN(), L::min(),   -L::min(),
            L::max(),      L::lowest(), L::denorm_min(), T(1),        T(-1),          T(0.5),     T(-0.5),
            T(1.5),        T(2.5),     T(-2.5),       T(20),          T(-20),         T(88.5),    T(-88.5),
            T(100),        T(-100),    T(709.5),      T(-800),        T(1e-20),       T(-1e-20),  T(1e10),
            T(-1e10),      T(12345.6), T(-3e6),       T(1e30),        T(-1e30)};
}

/// How far y is from the exact value in units in the last place of T; 0 for equal infinities and for two NaN.
template <class T>
double ulps(T y, long double exact) {
    const T rounded = static_cast<T>(exact);
    if (std::isnan(y) && std::isnan(rounded)) return 0;
    if (y == rounded) return 0;
    if (!std::isfinite(y) || !std::isfinite(rounded)) return std::numeric_limits<double>::infinity();
    // What is below the smallest normal number may as well be 0.
    const T scale = std::max(std::abs(rounded), std::numeric_limits<T>::min());
    const int exponent = std::ilogb(scale) - (std::numeric_limits<T>::digits - 1);
    const double distance = static_cast<double>(std::scalbn(std::abs(static_cast<long double>(y) - exact), -exponent));
    const T least = std::numeric_limits<T>::min();
    return std::abs(rounded) < least && std::abs(y) <= least ? 0 : distance;
}

}  // namespace spans
