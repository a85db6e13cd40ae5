// Masks: which steps of a sequence count. A mask is bool, [batch, time], and travels with the tensor that it is about;
// ops drop it, layers that work step by step hand it on.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft::nn {

/// The mask that travels with a tensor; undefined if none does.
Tensor mask_of(const Tensor& x);
/// Makes a mask travel with x; an undefined one takes x's away.
void set_mask(Tensor& x, const Tensor& mask);

}  // namespace weft::nn
