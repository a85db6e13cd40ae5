// Parts of tensors, and tensors of parts.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

/// Positions begin, begin + step, ... before end along one axis. Negative begin and end count from the axis' end; both
/// are cut to the axis, as in Python. step > 0. Slices of the first axis with step 1 share the memory.
Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t begin, std::int64_t end, std::int64_t step = 1);
/// One position along an axis, which disappears. Throws IndexError.
Tensor select(const Tensor& x, std::int64_t axis, std::int64_t index);
Tensor flip(const Tensor& x, std::int64_t axis);
/// Tensors one after another along an axis; the other axes must agree.
Tensor concat(const Tensors& tensors, std::int64_t axis = 0);
/// Tensors of one shape along a new axis.
Tensor stack(const Tensors& tensors, std::int64_t axis = 0);
/// The positions of an axis, each without it.
Tensors unstack(const Tensor& x, std::int64_t axis = 0);
/// x in two or more parts of the given sizes along an axis.
Tensors split(const Tensor& x, const std::vector<std::int64_t>& sizes, std::int64_t axis = 0);
/// `value` around x: before[i] positions ahead of axis i and after[i] behind it.
Tensor pad(const Tensor& x, const Shape& before, const Shape& after, double value = 0);
/// The positions of an axis that an int64 tensor names; its shape replaces the axis. Throws IndexError for one outside
/// the axis, saying which and where.
Tensor gather(const Tensor& x, const Tensor& index, std::int64_t axis = 0);
/// 1 at each label's position along a new last axis, else 0. Throws ValueError for a label outside [0, classes).
Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype = float32);

// Their derivatives, which are ops themselves.
/// x at positions begin, begin + step, ... of an axis of size n, zeros elsewhere.
Tensor embed(const Tensor& x, std::int64_t axis, std::int64_t n, std::int64_t begin, std::int64_t step);
/// Adds the rows of x along the axes that `index` replaced into n positions of one axis.
Tensor scatter_add(const Tensor& x, const Tensor& index, std::int64_t axis, std::int64_t n);

}  // namespace weft
