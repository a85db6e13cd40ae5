// Tensors out of the fixtures, and the comparison that all tests use.
#pragma once

#include "../fixture.hpp"

#include <weft/autograd/ops/create.hpp>
#include <weft/nn/settings.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace weft::testing {

/// Integers as int64, other numbers as `dtype`.
inline Tensor to_tensor(const Values& values, DType dtype = float64) {
    return tensor(values.data, Shape(values.shape), values.integer ? int64 : dtype);
}

/// max |a - b| / max(1, max |b|); infinite if the shapes differ or a value is NaN.
inline double distance(const Tensor& a, const Tensor& b) {
    if (a.shape() != b.shape()) return INFINITY;
    double most = 0, scale = 1;
    for (std::int64_t i = 0; i < a.elements(); ++i) {
        const double difference = std::abs(a.item<double>(i) - b.item<double>(i));
        if (!(difference <= most)) most = std::isnan(difference) ? INFINITY : difference;
        scale = std::max(scale, std::abs(b.item<double>(i)));
    }
    return most / scale;
}

/// A JSON object as options.
inline nn::Settings to_settings(const std::string& json) {
    nn::Settings result;
    const auto parsed = nlohmann::json::parse(json);
    for (const auto& [key, value] : parsed.items()) {
        if (value.is_boolean()) result.set(key, value.get<bool>());
        else if (value.is_number_integer()) result.set(key, value.get<std::int64_t>());
        else if (value.is_number()) result.set(key, value.get<double>());
        else if (value.is_string()) result.set(key, value.get<std::string>());
    }
    return result;
}

/// The text of the error that f throws, of type E; "" if it throws none.
template <class E, class F>
std::string error_of(F&& f) {
    try {
        f();
    } catch (const E& error) {
        return error.what();
    }
    return "";
}

}  // namespace weft::testing
