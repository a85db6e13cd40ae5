// Long short-term memory: one op for a whole batch of sequences, and one step in ops.
#pragma once

#include <weft/autograd/ops/scan.hpp>

namespace weft {

/// {h of all steps [batch, time, units], last h [batch, units], last c} of x [batch, time, features], with weights as
/// Keras keeps them: kernel [features, 4 units], recurrent_kernel [units, 4 units], bias [4 units], gates i f c o;
/// tanh and sigmoid. bias, the first states h and c [batch, units] and mask (bool [batch, time]) may be undefined.
/// Where the mask is false, h and c stay as they are. Throws ShapeError, DTypeError.
Tensors lstm(const Tensor& x, const Tensor& kernel, const Tensor& recurrent_kernel, const Tensor& bias, const Tensor& h,
             const Tensor& c, const Tensor& mask = {});

/// {h, c} after one step from h and c [batch, units]; z [batch, 4 units] is x W + b of this step. Of h goes into the
/// gates what the masks leave: see gate_products.
Tensors lstm_step(const Tensor& z, const Tensor& h, const Tensor& c, const Tensor& recurrent_kernel,
                  const TensorMap& activation = {}, const TensorMap& recurrent_activation = {},
                  const Tensors& masks = {});

}  // namespace weft
