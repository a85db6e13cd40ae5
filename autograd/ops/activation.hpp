// Activation functions, with Keras's definitions and defaults.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

Tensor relu(const Tensor& x);  ///< max(x, 0); derivative 0 at 0
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.2);
Tensor relu6(const Tensor& x);                      ///< min(max(x, 0), 6)
Tensor elu(const Tensor& x, double alpha = 1.0);    ///< x if x > 0, else alpha (exp(x) - 1)
Tensor selu(const Tensor& x);                       ///< 1.05070098 elu(x, 1.67326324), Klambauer et al. 2017
/// x Phi(x), Phi the normal distribution; approximate: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
Tensor gelu(const Tensor& x, bool approximate = false);
Tensor sigmoid(const Tensor& x);       ///< 1 / (1 + exp(-x)); the result remembers its logits for the cross-entropies
Tensor hard_sigmoid(const Tensor& x);  ///< relu6(x + 3) / 6, as Keras 3
Tensor log_sigmoid(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor softplus(const Tensor& x);  ///< log(1 + exp(x))
Tensor softsign(const Tensor& x);  ///< x / (1 + |x|)
Tensor silu(const Tensor& x);      ///< x sigmoid(x), also known as swish
Tensor hard_silu(const Tensor& x);  ///< x hard_sigmoid(x)
Tensor mish(const Tensor& x);      ///< x tanh(softplus(x))

// Derivatives that are ops of their own, for speed; their derivatives are again written in ops.
Tensor relu_gradient(const Tensor& dy, const Tensor& y);     ///< dy where y > 0, else 0
Tensor tanh_gradient(const Tensor& dy, const Tensor& y);     ///< dy (1 - y^2)
Tensor sigmoid_gradient(const Tensor& dy, const Tensor& y);  ///< dy y (1 - y)

}  // namespace weft
