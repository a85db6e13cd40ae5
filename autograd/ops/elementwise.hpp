// Functions of one tensor, element by element; float32 or float64.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

Tensor exp(const Tensor& x);
Tensor expm1(const Tensor& x);  ///< exp(x) - 1, exact near 0
Tensor log(const Tensor& x);
Tensor log1p(const Tensor& x);  ///< log(1 + x), exact near 0
Tensor sqrt(const Tensor& x);
Tensor rsqrt(const Tensor& x);       ///< 1 / sqrt(x)
Tensor reciprocal(const Tensor& x);  ///< 1 / x
Tensor square(const Tensor& x);
Tensor abs(const Tensor& x);   ///< derivative 0 at 0
Tensor sign(const Tensor& x);  ///< -1, 0 or 1; derivative 0
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor erf(const Tensor& x);
Tensor floor(const Tensor& x);  ///< derivative 0
Tensor round(const Tensor& x);  ///< half to even, as Keras; derivative 0
/// min(max(x, low), high); the derivative is 1 from low to high, both included. Throws ValueError if low > high.
Tensor clip(const Tensor& x, double low, double high);

}  // namespace weft
