// How large gradients are, and whether they are numbers at all.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft::optim {

/// The Euclidean norm of all elements of all tensors together, accumulated in double; undefined tensors are skipped.
/// Does not depend on the number of threads. Throws DTypeError for other types than float32 and float64.
double norm_of(const Tensors& tensors);

/// The norm of the parameters' gradients; those without one count as 0.
double grad_norm(const Tensors& parameters);

/// Whether no gradient of these parameters holds NaN or infinity.
bool gradients_finite(const Tensors& parameters);

}  // namespace weft::optim
