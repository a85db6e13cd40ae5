// Normalization by mean and variance: of columns (batch and group normalization) or of rows (layer normalization).
// x is [rows, columns], contiguous. Sums are kept in double, each of at most 64 values that were summed as T, and
// differences are taken from a mean nearby: a mean that is large beside the spread costs no accuracy.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

template <class T>
struct NormalizationFunctions {
    /// Of each column the mean and the sum of the squared differences from it; rows > 0.
    void (*moments)(const T* x, double* mean, double* squares, std::int64_t rows, std::int64_t columns);
    /// Of each column the sum of dy, and of dy * (x - center).
    void (*products)(const T* x, const T* dy, const T* center, double* sums, double* products, std::int64_t rows,
                     std::int64_t columns);
    /// y = (x - center) * factor + shift, each of the three one number a column.
    void (*affine)(const T* x, const T* center, const T* factor, const T* shift, T* y, std::int64_t rows,
                   std::int64_t columns);
    /// dx = dy * factor + (x - center) * slope + shift, each of the four one number a column.
    void (*affine_gradient)(const T* x, const T* dy, const T* center, const T* factor, const T* slope, const T* shift,
                            T* dx, std::int64_t rows, std::int64_t columns);

    /// y = (x - mean) * scale * gamma + beta, where mean and scale = 1 / sqrt(variance + epsilon) are the row's, and
    /// gamma and beta (may be null) one number a column. columns > 0.
    void (*rows)(const T* x, const T* gamma, const T* beta, T* y, double* mean, double* scale, std::int64_t rows,
                 std::int64_t columns, double epsilon);
    /// dx (overwritten) for that, and dgamma and dbeta (null, or added to). gamma may be null.
    void (*rows_gradient)(const T* x, const T* dy, const T* gamma, const double* mean, const double* scale, T* dx,
                          double* dgamma, double* dbeta, std::int64_t rows, std::int64_t columns);
};

struct Normalization {
    NormalizationFunctions<float> f32;
    NormalizationFunctions<double> f64;
};

}  // namespace weft::kernels
