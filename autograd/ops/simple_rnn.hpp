// The plain recurrent network: one op for a whole batch of sequences.
#pragma once

#include <weft/autograd/ops/scan.hpp>

namespace weft {

/// {h of all steps [batch, time, units], last h [batch, units]} of x [batch, time, features], with kernel [features,
/// units], recurrent_kernel [units, units], bias [units]: h' = tanh(x W + b + h R). bias, the first state h [batch,
/// units] and mask (bool [batch, time]) may be undefined. Where the mask is false, h stays as it is. Throws ShapeError,
/// DTypeError.
Tensors simple_rnn(const Tensor& x, const Tensor& kernel, const Tensor& recurrent_kernel, const Tensor& bias,
                   const Tensor& h, const Tensor& mask = {});

}  // namespace weft
