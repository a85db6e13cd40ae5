// Plain arrays of doubles, computed index by index: what the ops are compared with.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::testing {

using Index = std::vector<std::int64_t>;

struct Plain {
    Shape shape;
    std::vector<double> values;  ///< row-major

    std::size_t position(const Index& index) const;
    double at(const Index& index) const { return values[position(index)]; }
    double& at(const Index& index) { return values[position(index)]; }
    template <std::integral... I>
    double operator()(I... index) const {
        return at({static_cast<std::int64_t>(index)...});
    }
    /// The element that a result's index reads when this is broadcast.
    double broadcast_at(const Index& index) const;
};
using Plains = std::vector<Plain>;

/// The elements of a tensor of any type.
Plain plain(const Tensor& x);
Plains plain(const Tensors& tensors);

/// Calls f with each index of a shape, in row-major order.
template <class F>
void each_index(const Shape& shape, F&& f) {
    if (shape.elements() == 0) return;
    Index index(static_cast<std::size_t>(shape.rank()), 0);
    while (true) {
        f(const_cast<const Index&>(index));
        int axis = shape.rank() - 1;
        while (axis >= 0 && ++index[static_cast<std::size_t>(axis)] == shape[axis])
            index[static_cast<std::size_t>(axis--)] = 0;
        if (axis < 0) return;
    }
}

/// An array whose element at each index is value(index).
template <class F>
Plain generate(const Shape& shape, F&& value) {
    Plain result{shape, {}};
    each_index(shape, [&](const Index& index) { result.values.push_back(static_cast<double>(value(index))); });
    return result;
}

/// Deterministic values spread over [low, high], none near to another (also not of the next seed's), nor nearer to a
/// kink than a hundredth of the range.
Tensor spread(const Shape& shape, double low, double high, std::uint64_t seed = 1,
              const std::vector<double>& kinks = {});
/// Deterministic integers from 0 to below n.
Tensor spread_integers(const Shape& shape, std::int64_t n, std::uint64_t seed = 1);

/// max |a - b| / max(1, max |b|); infinite if shapes differ. Equal infinities and pairs of NaN count as equal.
double difference(const Plain& a, const Plain& b);
inline double difference(const Tensor& a, const Plain& b) { return difference(plain(a), b); }
inline double difference(const Tensor& a, const Tensor& b) { return difference(plain(a), plain(b)); }

/// The text of the E that f throws; says so if it throws none. Other exceptions pass.
template <class E, class F>
std::string thrown_text(F&& f) {
    try {
        f();
    } catch (const E& error) {
        return error.what();
    }
    return "nothing was thrown";
}

}  // namespace weft::testing
