// A long short-term memory over all steps of a batch of sequences (Hochreiter and Schmidhuber 1997, with the forget
// gate of Gers et al. 2000): with z = x W + h R + b, [i f g o] = [sigma(z_i) sigma(z_f) tanh(z_g) sigma(z_o)], c' = f c
// + i g, h' = o tanh(c').
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

/// All arrays are row-major. A step that the mask leaves out hands on h and c.
template <class T>
struct LstmForward {
    std::int64_t batch = 0, steps = 0, units = 0;
    const T* recurrent_kernel = nullptr;  ///< [units, 4 units]
    const T* h_first = nullptr;           ///< [batch, units], or null for zeros; c_first too
    const T* c_first = nullptr;
    const bool* mask = nullptr;           ///< [batch, steps], or null if every step counts
    T* gates = nullptr;                   ///< [batch, steps, 4 units]: x W + b; becomes i f g o, but where masked;
                                          ///< without c only o
    T* h = nullptr;                       ///< [batch, steps, units]: the results
    T* c = nullptr;                       ///< [batch, steps, units], or null if no derivative will ask; tanh_c too
    T* tanh_c = nullptr;                  ///< not written where masked
    T* c_last = nullptr;                  ///< [batch, units]
};

template <class T>
struct LstmBackward {
    std::int64_t batch = 0, steps = 0, units = 0;
    const T* recurrent_kernel = nullptr;
    const T* c_first = nullptr;
    const bool* mask = nullptr;
    const T* gates = nullptr;    ///< as forward left them; c and tanh_c too
    const T* c = nullptr;
    const T* tanh_c = nullptr;
    const T* dh = nullptr;       ///< the gradient of h, or null for zeros
    const T* dh_last = nullptr;  ///< [batch, units], of the last h by itself, or null; dc_last too
    const T* dc_last = nullptr;
    T* dz = nullptr;             ///< [batch, steps, 4 units]: the gradient of z; 0 where masked
    T* dh_first = nullptr;       ///< [batch, units], or null if nobody asks for it; dc_first too
    T* dc_first = nullptr;
};

struct Lstm {
    void (*forward_f32)(const LstmForward<float>&);
    void (*forward_f64)(const LstmForward<double>&);
    void (*backward_f32)(const LstmBackward<float>&);
    void (*backward_f64)(const LstmBackward<double>&);
};

}  // namespace weft::kernels
