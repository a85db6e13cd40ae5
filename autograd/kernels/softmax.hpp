// Row kernels: x is [rows, columns], contiguous.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

template <class T>
struct SoftmaxRows {
    void (*softmax)(const T* x, T* y, std::int64_t rows, std::int64_t columns);
    void (*log_softmax)(const T* x, T* y, std::int64_t rows, std::int64_t columns);
    /// dx = y * (dy - sum(dy * y)), y the softmax.
    void (*softmax_gradient)(const T* y, const T* dy, T* dx, std::int64_t rows, std::int64_t columns);
    /// dx = dy - exp(y) * sum(dy), y the log-softmax.
    void (*log_softmax_gradient)(const T* y, const T* dy, T* dx, std::int64_t rows, std::int64_t columns);
    /// loss[r] = -sum_c target[r, c] * log_softmax(x)[r, c]; probabilities (may be null) gets softmax(x).
    void (*cross_entropy)(const T* x, const T* target, T* loss, T* probabilities, std::int64_t rows,
                          std::int64_t columns);
    /// loss[r] = -log_softmax(x)[r, label[r]]; labels are in [0, columns); probabilities may be null.
    void (*sparse_cross_entropy)(const T* x, const std::int64_t* label, T* loss, T* probabilities, std::int64_t rows,
                                 std::int64_t columns);
};

struct Softmax {
    SoftmaxRows<float> f32;
    SoftmaxRows<double> f64;
};

}  // namespace weft::kernels
