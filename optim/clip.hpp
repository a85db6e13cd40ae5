// Clipping gradients in a loop of one's own, between backward() and step().
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft::optim {

/// Scales the gradients so that their norm, taken together, is at most max_norm, and returns the norm before. If that
/// is not finite, the gradients stay as they are. Throws ValueError unless max_norm > 0.
double clip_grad_norm(const Tensors& parameters, double max_norm);

/// Cuts every gradient's elements to -max_value .. max_value. Throws ValueError unless max_value > 0.
void clip_grad_value(const Tensors& parameters, double max_value);

}  // namespace weft::optim
