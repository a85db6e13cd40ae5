// Gated recurrent units: one op for a whole batch of sequences, and one step in ops.
#pragma once

#include <weft/autograd/ops/scan.hpp>

namespace weft {

/// {h of all steps [batch, time, units], last h [batch, units]} of x [batch, time, features], with weights as Keras
/// keeps them: kernel [features, 3 units], recurrent_kernel [units, 3 units], gates z r h; bias [3 units] or, reset
/// after, [2, 3 units]: that of x W, and that of h R. bias, the first state h [batch, units] and mask (bool [batch,
/// time]) may be undefined. Where the mask is false, h stays as it is. Throws ShapeError, DTypeError.
Tensors gru(const Tensor& x, const Tensor& kernel, const Tensor& recurrent_kernel, const Tensor& bias, const Tensor& h,
            bool reset_after = true, const Tensor& mask = {});

/// h after one step from h [batch, units]; a [batch, 3 units] is x W + b of this step, recurrent_bias [3 units] or
/// undefined that of h R. Of h goes into the gates what the masks leave: see gate_products.
Tensor gru_step(const Tensor& a, const Tensor& h, const Tensor& recurrent_kernel, const Tensor& recurrent_bias,
                bool reset_after = true, const TensorMap& activation = {}, const TensorMap& recurrent_activation = {},
                const Tensors& masks = {});

}  // namespace weft
