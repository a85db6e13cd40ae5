// Test data for kernels: reproducible values, and output buffers that notice writes beyond their ends.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace weft::testing {

/// `count` values uniform in [-1, 1).
template <class T>
std::vector<T> random_values(std::int64_t count, unsigned seed) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    std::vector<T> values(static_cast<std::size_t>(count));
    for (T& value : values) value = static_cast<T>(uniform(engine));
    return values;
}

/// A buffer of `count` elements, filled with NaN so that what is not written shows, between two guards.
template <class T>
class Guarded {
public:
    explicit Guarded(std::int64_t count, T fill = static_cast<T>(NAN))
        : count_(count), values_(static_cast<std::size_t>(count + 2 * margin), guard) {
        std::fill(values_.begin() + margin, values_.end() - margin, fill);
    }
    T* data() { return values_.data() + margin; }
    T operator[](std::int64_t i) const { return values_[static_cast<std::size_t>(margin + i)]; }
    std::int64_t size() const { return count_; }
    bool intact() const {
        const auto is_guard = [](T value) { return value == guard; };
        return std::all_of(values_.begin(), values_.begin() + margin, is_guard) &&
               std::all_of(values_.end() - margin, values_.end(), is_guard);
    }

private:
    static constexpr std::int64_t margin = 64;
    static constexpr T guard = T(-12345);
    std::int64_t count_;
    std::vector<T> values_;
};

/// max |a - b| / max(1, max |b|), the project's measure of equality; infinite if anything is not a number.
template <class T>
double difference(const Guarded<T>& a, const std::vector<double>& b) {
    double distance = 0, scale = 1;
    for (std::int64_t i = 0; i < a.size(); ++i) {
        const double error = std::abs(static_cast<double>(a[i]) - b[static_cast<std::size_t>(i)]);
        if (std::isnan(error)) return INFINITY;
        distance = std::max(distance, error);
        scale = std::max(scale, std::abs(b[static_cast<std::size_t>(i)]));
    }
    return distance / scale;
}

}  // namespace weft::testing
