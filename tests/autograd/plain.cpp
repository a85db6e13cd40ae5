#include "plain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace weft::testing {

std::size_t Plain::position(const Index& index) const {
    std::int64_t at = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) at = at * shape[axis] + index[static_cast<std::size_t>(axis)];
    return static_cast<std::size_t>(at);
}

double Plain::broadcast_at(const Index& index) const {
    Index own(static_cast<std::size_t>(shape.rank()));
    const std::size_t ahead = index.size() - own.size();
    for (std::size_t i = 0; i < own.size(); ++i) own[i] = shape[static_cast<int>(i)] == 1 ? 0 : index[ahead + i];
    return at(own);
}

Plain plain(const Tensor& x) {
    Plain result{x.shape(), {}};
    dispatch(x.dtype(), [&]<class T>(T) {
        for (T value : x.values<T>()) result.values.push_back(static_cast<double>(value));
    });
    return result;
}

Plains plain(const Tensors& tensors) {
    Plains result;
    for (const Tensor& x : tensors) result.push_back(plain(x));
    return result;
}

namespace {

// splitmix64 (Steele, Lea, Flood 2014): spreads consecutive numbers over all of 64 bits.
std::uint64_t mix(std::uint64_t z) {
    z += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

double unit(std::uint64_t seed, std::int64_t i) {
    return static_cast<double>(mix(mix(seed) + static_cast<std::uint64_t>(i)) >> 11) * 0x1p-53;
}

}  // namespace

Tensor spread(const Shape& shape, double low, double high, std::uint64_t seed, const std::vector<double>& kinks) {
    Array result(shape, float64);
    const double distance = (high - low) / 100;
    // Multiples of the golden section modulo 1: no two are near to each other, so that no maximum is a tie.
    double position = static_cast<double>(seed) * std::numbers::sqrt2;
    for (std::int64_t i = 0; i < result.elements(); ++i) {
        position += std::numbers::phi;
        double value = low + (high - low) * (position - std::floor(position));
        for (double kink : kinks)
            if (std::abs(value - kink) < distance) value = kink + (value < kink ? -distance : distance);
        result.data<double>()[i] = value;
    }
    return Tensor(result);
}

Tensor spread_integers(const Shape& shape, std::int64_t n, std::uint64_t seed) {
    Array result(shape, int64);
    for (std::int64_t i = 0; i < result.elements(); ++i)
        result.data<std::int64_t>()[i] = static_cast<std::int64_t>(static_cast<double>(n) * unit(seed, i));
    return Tensor(result);
}

double difference(const Plain& a, const Plain& b) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (a.shape != b.shape) return infinity;
    double largest = 1, apart = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        const double x = a.values[i], y = b.values[i];
        if (x == y || (std::isnan(x) && std::isnan(y))) continue;
        if (std::isnan(x - y)) return infinity;
        apart = std::max(apart, std::abs(x - y));
    }
    for (double y : b.values)
        if (std::isfinite(y)) largest = std::max(largest, std::abs(y));
    return apart / largest;
}

}  // namespace weft::testing
