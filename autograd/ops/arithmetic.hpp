// Arithmetic with NumPy's broadcasting, between tensors, numbers and xtensor expressions.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

Tensor add(const Tensor& a, const Tensor& b);
Tensor subtract(const Tensor& a, const Tensor& b);
Tensor multiply(const Tensor& a, const Tensor& b);
/// True division: int64 operands become float32.
Tensor divide(const Tensor& a, const Tensor& b);
Tensor negative(const Tensor& x);
/// a to the power of b, as std::pow. The derivative by b is taken as 0 where a is 0.
Tensor pow(const Tensor& a, const Tensor& b);
/// The smaller of each pair; NaN wins. Where both are equal, each gets half of the gradient.
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return subtract(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return multiply(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return divide(a, b); }

// Without these, xtensor's own operator templates would take a tensor with an expression, and leave the tape.
template <XExpression E>
Tensor operator+(const Tensor& a, const E& b) { return add(a, Tensor(b)); }
template <XExpression E>
Tensor operator+(const E& a, const Tensor& b) { return add(Tensor(a), b); }
template <XExpression E>
Tensor operator-(const Tensor& a, const E& b) { return subtract(a, Tensor(b)); }
template <XExpression E>
Tensor operator-(const E& a, const Tensor& b) { return subtract(Tensor(a), b); }
template <XExpression E>
Tensor operator*(const Tensor& a, const E& b) { return multiply(a, Tensor(b)); }
template <XExpression E>
Tensor operator*(const E& a, const Tensor& b) { return multiply(Tensor(a), b); }
template <XExpression E>
Tensor operator/(const Tensor& a, const E& b) { return divide(a, Tensor(b)); }
template <XExpression E>
Tensor operator/(const E& a, const Tensor& b) { return divide(Tensor(a), b); }

}  // namespace weft
