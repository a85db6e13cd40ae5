// A gated recurrent unit over all steps of a batch of sequences (Cho et al. 2014): with a = x W + b,
//   z = sigma(a_z + h R_z), r = sigma(a_r + h R_r), h' = z h + (1 - z) g, and
//   reset before: g = tanh(a_g + (r h) R_g);  reset after (as cuDNN): g = tanh(a_g + r (h R_g + c_g)), where z and r
//   have further biases c_z and c_r too.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

/// All arrays are row-major. A step that the mask leaves out hands on h.
template <class T>
struct GruForward {
    std::int64_t batch = 0, steps = 0, units = 0;
    bool reset_after = true;
    const T* recurrent_kernel = nullptr;  ///< [units, 3 units]: R_z R_r R_g
    const T* recurrent_bias = nullptr;    ///< [3 units], with reset_after only, or null
    const T* h_first = nullptr;           ///< [batch, units], or null for zeros
    const bool* mask = nullptr;           ///< [batch, steps], or null if every step counts
    T* gates = nullptr;                   ///< [batch, steps, 3 units]: x W + b; becomes z r g, but where masked
    T* h = nullptr;                       ///< [batch, steps, units]: the results
    T* inner = nullptr;                   ///< [batch, steps, units], or null if no derivative will ask: reset after,
                                          ///< h R_g + c_g; reset before, r h; 0 where masked
};

template <class T>
struct GruBackward {
    std::int64_t batch = 0, steps = 0, units = 0;
    bool reset_after = true;
    const T* recurrent_kernel = nullptr;
    const T* h_first = nullptr;
    const bool* mask = nullptr;
    const T* gates = nullptr;    ///< as forward left them; h and inner too
    const T* h = nullptr;
    const T* inner = nullptr;
    const T* dh = nullptr;       ///< the gradient of h, or null for zeros
    const T* dh_last = nullptr;  ///< [batch, units], of the last h by itself, or null
    T* da = nullptr;  ///< [batch, steps, 3 units]: the gradient of a; reset after, [batch, steps, 4 units]: that
                      ///< of h R_g + c_g behind it. 0 where masked
    T* dh_first = nullptr;       ///< [batch, units]
};

struct Gru {
    void (*forward_f32)(const GruForward<float>&);
    void (*forward_f64)(const GruForward<double>&);
    void (*backward_f32)(const GruBackward<float>&);
    void (*backward_f64)(const GruBackward<double>&);
};

}  // namespace weft::kernels
