// From arrays to elementwise kernels: broadcasting, element types and threads. For ops' sources only.
#pragma once

#include <weft/autograd/kernels/elementwise.hpp>
#include <weft/autograd/tensor.hpp>

#include <optional>

namespace weft {

/// Throws DTypeError unless x is float32 or float64.
void require_floating(const Tensor& x, const char* where);

/// f of every element. Throws DTypeError unless x is floating.
Array map(const Tensor& x, kernels::Unary kernels::Elementwise::*f, const char* where);

/// The two operands as one element type, or nothing if they have one already: a plain number takes the other's, int64
/// with a float gives that float. Throws DTypeError for float32 with float64, and for bool or uint8.
struct Operands {
    Tensor a, b;
};
std::optional<Operands> promoted(const Tensor& a, const Tensor& b, const char* where);
/// The same where bool and uint8 are allowed too, if both are the same.
std::optional<Operands> comparable(const Tensor& a, const Tensor& b, const char* where);

/// f of each pair of elements, broadcast; a and b have the same element type.
Array zip(const Tensor& a, const Tensor& b, kernels::Binary kernels::Elementwise::*f, const char* where);
Array zip(const Tensor& a, const Tensor& b, kernels::Arithmetic kernels::Elementwise::*f, const char* where);
Array zip(const Tensor& a, const Tensor& b, kernels::Comparison kernels::Elementwise::*f, const char* where);

/// condition ? a : b, broadcast; a and b have the same float type.
Array choose(const Tensor& condition, const Tensor& a, const Tensor& b, const char* where);

}  // namespace weft
