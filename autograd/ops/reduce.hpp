// Sums, means and extremes over any axes. No axes means all of them; negative axes count from the end.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

/// A list of axes: {0, 2}, or a single number.
class Axes {
public:
    Axes() = default;
    Axes(std::initializer_list<std::int64_t> axes) : axes_(axes) {}
    Axes(const std::vector<std::int64_t>& axes) : axes_(axes) {}
    template <std::integral T>
    Axes(T axis) : axes_{static_cast<std::int64_t>(axis)} {}

    /// For each axis of the shape whether it is meant. Throws IndexError, or ValueError for an axis named twice.
    std::vector<bool> among(const Shape& shape, const char* where) const;

private:
    std::vector<std::int64_t> axes_;
};

Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdims = false);  ///< 0 over nothing
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The mean of the squared differences from the mean, divided by n - correction.
Tensor variance(const Tensor& x, const Axes& axes = {}, bool keepdims = false, int correction = 0);
/// The largest value; NaN wins. Equal ones share the gradient. Throws ValueError over nothing.
Tensor max(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor min(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor prod(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// log(sum(exp(x))), without overflow.
Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// Position of the first largest value along an axis, int64; no derivative.
Tensor argmax(const Tensor& x, std::int64_t axis = -1, bool keepdims = false);
Tensor argmin(const Tensor& x, std::int64_t axis = -1, bool keepdims = false);
/// Whether every value is finite.
bool all_finite(const Tensor& x);

/// Sums x down to a shape that broadcasts to x's: the derivative of broadcasting.
Tensor sum_to(const Tensor& x, const Shape& shape);

}  // namespace weft
