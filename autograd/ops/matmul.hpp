// Matrix products.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

/// The matrix product over the last two axes, as NumPy's matmul: leading axes broadcast; a vector is a row on the left
/// and a column on the right, and that axis disappears. Throws ShapeError, DTypeError.
Tensor matmul(const Tensor& a, const Tensor& b);

/// act(x W + b) over the last axis of x: x [..., in], weights [in, out], bias [out] or undefined. What a dense layer
/// computes, in one pass.
enum class FusedActivation { none, relu };
Tensor linear(const Tensor& x, const Tensor& weights, const Tensor& bias = {},
              FusedActivation activation = FusedActivation::none);

/// The product of two equally long stacks of matrices, either of them read transposed: a [..., m, k] ([..., k, m] if
/// transposed), b [..., k, n] ([..., n, k]); the leading axes are equal, or absent for both.
Tensor matrix_product(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b);

}  // namespace weft
