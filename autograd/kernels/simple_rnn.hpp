// The plain recurrent network over all steps of a batch of sequences: h' = tanh(x W + b + h R).
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

/// All arrays are row-major. A step that the mask leaves out hands on h.
template <class T>
struct SimpleRnnForward {
    std::int64_t batch = 0, steps = 0, units = 0;
    const T* recurrent_kernel = nullptr;  ///< [units, units]
    const T* h_first = nullptr;           ///< [batch, units], or null for zeros
    const bool* mask = nullptr;           ///< [batch, steps], or null if every step counts
    T* h = nullptr;                       ///< [batch, steps, units]: x W + b; becomes the results
};

template <class T>
struct SimpleRnnBackward {
    std::int64_t batch = 0, steps = 0, units = 0;
    const T* recurrent_kernel = nullptr;
    const bool* mask = nullptr;
    const T* h = nullptr;        ///< as forward left it
    const T* dh = nullptr;       ///< the gradient of h, or null for zeros
    const T* dh_last = nullptr;  ///< [batch, units], of the last h by itself, or null
    T* da = nullptr;             ///< [batch, steps, units]: the gradient of x W + b; 0 where masked
    T* dh_first = nullptr;       ///< [batch, units]
};

struct SimpleRnn {
    void (*forward_f32)(const SimpleRnnForward<float>&);
    void (*forward_f64)(const SimpleRnnForward<double>&);
    void (*backward_f32)(const SimpleRnnBackward<float>&);
    void (*backward_f64)(const SimpleRnnBackward<double>&);
};

}  // namespace weft::kernels
