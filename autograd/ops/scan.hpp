// A loop over the steps of sequences, in ops: what the fused recurrent ops are to agree with, and the way for
// everything that they do not know.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <functional>

namespace weft {

/// A function from tensor to tensor, such as tanh.
using TensorMap = std::function<Tensor(const Tensor&)>;

/// What happens in one step: from the step's input [batch, ...] and the states to {output, states...}.
using ScanStep = std::function<Tensors(const Tensor& x, const Tensors& states)>;

/// {outputs [batch, time, ...], last states...} of x [batch, time, ...], step by step. Where mask (bool [batch, time],
/// may be undefined) is false the states stay as they are and the previous output is repeated, which before the first
/// is `first_output` (zeros if undefined). Throws ShapeError for no steps, or a mask of another shape.
Tensors scan(const Tensor& x, const Tensors& states, const Tensor& mask, const ScanStep& step,
             const Tensor& first_output = {});

}  // namespace weft
