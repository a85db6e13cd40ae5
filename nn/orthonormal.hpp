// Random matrices with orthonormal rows or columns.
#pragma once

#include <weft/autograd/random.hpp>
#include <weft/autograd/tensor.hpp>

namespace weft::nn {

/// A float64 matrix, evenly distributed over those whose columns (rows, if there are more columns) are orthonormal: Q
/// of the QR decomposition of normal values, with the signs that make R's diagonal positive (Mezzadri, 2007).
Tensor random_orthonormal(std::int64_t rows, std::int64_t columns, Generator& generator);

}  // namespace weft::nn
