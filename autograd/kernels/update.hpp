// Optimizer steps over one parameter, each in one pass; formulas are Keras 3's.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

template <class T>
struct UpdateFunctions {
    /// w -= rate * g
    void (*sgd)(T* w, const T* g, std::int64_t n, T rate);
    /// v = momentum * v - rate * g; w += nesterov ? momentum * v - rate * g : v
    void (*momentum)(T* w, const T* g, T* v, std::int64_t n, T rate, T momentum, bool nesterov);
    /// w *= 1 - decay first (decay = learning rate * weight decay; 0 for plain Adam), then
    /// m += (g - m)(1 - beta1); v += (g^2 - v)(1 - beta2); w -= alpha * m / (sqrt(v) + epsilon), where alpha already
    /// holds the bias corrections. vmax (AMSGrad) may be null; else vmax = max(vmax, v) stands in for v.
    void (*adam)(T* w, const T* g, T* m, T* v, T* vmax, std::int64_t n, T alpha, T beta1, T beta2, T epsilon, T decay);
    /// v = rho * v + (1 - rho) g^2; average (null unless centered) = rho * average + (1 - rho) g;
    /// step = rate * g / sqrt(v - average^2 + epsilon); velocity (null without momentum) = momentum * velocity + step;
    /// w -= velocity or step.
    void (*rmsprop)(T* w, const T* g, T* v, T* average, T* velocity, std::int64_t n, T rate, T rho, T momentum,
                    T epsilon);
    /// a += g^2; w -= rate * g / sqrt(a + epsilon)
    void (*adagrad)(T* w, const T* g, T* a, std::int64_t n, T rate, T epsilon);
};

struct Update {
    UpdateFunctions<float> f32;
    UpdateFunctions<double> f64;
};

}  // namespace weft::kernels
