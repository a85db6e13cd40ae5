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

// With an xtensor expression on either side. Without these, which are more constrained than xtensor's own templates,
// those would take a tensor with an expression, and leave the tape.
template <class A, class B>
concept TensorWithExpression = (std::same_as<std::remove_cvref_t<A>, Tensor> && XExpression<B>) ||
                               (XExpression<A> && std::same_as<std::remove_cvref_t<B>, Tensor>);

template <class A, class B>
    requires TensorWithExpression<A, B>
Tensor operator+(A&& a, B&& b) { return add(a, b); }
template <class A, class B>
    requires TensorWithExpression<A, B>
Tensor operator-(A&& a, B&& b) { return subtract(a, b); }
template <class A, class B>
    requires TensorWithExpression<A, B>
Tensor operator*(A&& a, B&& b) { return multiply(a, b); }
template <class A, class B>
    requires TensorWithExpression<A, B>
Tensor operator/(A&& a, B&& b) { return divide(a, b); }
template <class A, class B>
    requires TensorWithExpression<A, B>
Tensor pow(A&& a, B&& b) { return pow(Tensor(a), Tensor(b)); }
template <class A, class B>
    requires TensorWithExpression<A, B>
Tensor minimum(A&& a, B&& b) { return minimum(Tensor(a), Tensor(b)); }
template <class A, class B>
    requires TensorWithExpression<A, B>
Tensor maximum(A&& a, B&& b) { return maximum(Tensor(a), Tensor(b)); }

}  // namespace weft
