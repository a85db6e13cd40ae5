// What goes into the gates of recurrent layers.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

/// x W + b for [.., in] and W [in, gates units]; bias may be undefined. With masks x is multiplied with them first: one
/// for all gates, or one for each, so that every gate lacks other elements.
Tensor gate_products(const Tensor& x, const Tensor& kernel, const Tensor& bias, const Tensors& masks);

}  // namespace weft
