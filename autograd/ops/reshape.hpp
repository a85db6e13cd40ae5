// The same elements in another arrangement.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

/// Another shape of as many elements, in row-major order; one axis may be -1. Shares the memory.
Tensor reshape(const Tensor& x, const Shape& shape);
/// A new axis of size 1 at `axis` (of the result).
Tensor expand_dims(const Tensor& x, std::int64_t axis);
/// Without an axis of size 1; without any of them if none is named.
Tensor squeeze(const Tensor& x);
Tensor squeeze(const Tensor& x, std::int64_t axis);
/// Axis i of the result is axis order[i] of x; without an order the axes are reversed.
Tensor transpose(const Tensor& x, const std::vector<std::int64_t>& order = {});
Tensor swap_axes(const Tensor& x, std::int64_t a, std::int64_t b);
/// x repeated along axes of size 1 and new leading axes.
Tensor broadcast_to(const Tensor& x, const Shape& shape);

/// For each row of x [rows, n]: the product of all its other elements, [rows, n]; differentiable, zeros allowed.
Tensor products_of_others(const Tensor& x);

}  // namespace weft
