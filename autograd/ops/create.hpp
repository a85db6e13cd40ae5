// Tensors out of nothing but a shape.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

Tensor zeros(const Shape& shape, DType dtype = float32);
Tensor ones(const Shape& shape, DType dtype = float32);
Tensor full(const Shape& shape, double value, DType dtype = float32);
Tensor zeros_like(const Tensor& x);
Tensor ones_like(const Tensor& x);
/// `count` values from start to stop, both included. Throws ValueError for a negative count.
Tensor linspace(double start, double stop, std::int64_t count, DType dtype = float32);
/// start, start + step, ... before stop.
Tensor arange(std::int64_t start, std::int64_t stop, std::int64_t step = 1, DType dtype = int64);
inline Tensor arange(std::int64_t stop) { return arange(0, stop); }
/// The identity matrix.
Tensor eye(std::int64_t n, DType dtype = float32);
/// The given values in row-major order. Throws ShapeError if they are not as many as the shape's elements.
Tensor tensor(const std::vector<double>& values, const Shape& shape, DType dtype = float32);
Tensor tensor(const std::vector<double>& values, DType dtype = float32);

}  // namespace weft
