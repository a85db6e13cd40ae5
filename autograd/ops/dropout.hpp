// Dropout: Srivastava et al. 2014, inverted as in Keras.
#pragma once

#include <weft/autograd/random.hpp>
#include <weft/autograd/tensor.hpp>

namespace weft {

/// Each element is 0 with probability `rate` (to the nearest 2^-16), else x / (1 - rate). The mask follows from the
/// generator's next stream and is drawn again, not kept, for the derivative. Throws ValueError unless 0 <= rate < 1.
Tensor dropout(const Tensor& x, double rate, Generator& generator = default_generator());

}  // namespace weft
