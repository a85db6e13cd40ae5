// What the tests of optimizers share.
#pragma once

#include <weft/autograd/autograd.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace weft::testing {

inline std::vector<double> doubles(const Tensor& x) {
    std::vector<double> all;
    for (std::int64_t i = 0; i < x.elements(); ++i) all.push_back(x.item<double>(i));
    return all;
}

/// max |a - b| / max(1, max |b|)
inline double difference(const std::vector<double>& a, const std::vector<double>& b) {
    if (a.size() != b.size()) return INFINITY;
    double most = 0, scale = 1;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double d = std::abs(a[i] - b[i]);
        most = std::isnan(d) ? INFINITY : std::max(most, d);
        scale = std::max(scale, std::abs(b[i]));
    }
    return most / scale;
}

/// A parameter with a gradient.
inline Tensor parameter(const std::vector<double>& values, const std::vector<double>& gradient = {},
                        DType dtype = float64) {
    Tensor made = tensor(values, dtype);
    made.set_requires_grad();
    if (!gradient.empty()) made.set_grad(tensor(gradient, dtype));
    return made;
}

}  // namespace weft::testing
