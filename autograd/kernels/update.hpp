// Optimizer steps over one parameter, each in one pass; formulas are Keras 3's. Rates and the like are double for both
// types: 1 - beta2 of a float 0.999 would be off by 1e-5.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

template <class T>
struct UpdateFunctions {
    /// w -= rate * g
    void (*sgd)(T* w, const T* g, std::int64_t n, double rate);
    /// v = momentum * v - rate * g; w += nesterov ? momentum * v - rate * g : v
    void (*momentum)(T* w, const T* g, T* v, std::int64_t n, double rate, double momentum, bool nesterov);
    /// w *= 1 - decay first (decay = learning rate * weight decay; 0 for plain Adam), then
    /// m += (g - m)(1 - beta1); v += (g^2 - v)(1 - beta2); w -= alpha * m / (sqrt(v) + epsilon), where alpha already
    /// holds the bias corrections. vmax (AMSGrad) may be null; else vmax = max(vmax, v) stands in for v.
    void (*adam)(T* w, const T* g, T* m, T* v, T* vmax, std::int64_t n, double alpha, double beta1, double beta2,
                 double epsilon, double decay);
    /// v = rho * v + (1 - rho) g^2; average (null unless centered) = rho * average + (1 - rho) g;
    /// step = rate * g / sqrt(v - average^2 + epsilon); velocity (null without momentum) = momentum * velocity + step;
    /// w -= velocity or step.
    void (*rmsprop)(T* w, const T* g, T* v, T* average, T* velocity, std::int64_t n, double rate, double rho,
                    double momentum, double epsilon);
    /// a += g^2; w -= rate * g / sqrt(a + epsilon)
    void (*adagrad)(T* w, const T* g, T* a, std::int64_t n, double rate, double epsilon);
    /// a = rho * a + (1 - rho) g^2; step = sqrt(d + epsilon) / sqrt(a + epsilon) * g; d = rho * d + (1 - rho) step^2;
    /// w -= rate * step
    void (*adadelta)(T* w, const T* g, T* a, T* d, std::int64_t n, double rate, double rho, double epsilon);
};

struct Update {
    UpdateFunctions<float> f32;
    UpdateFunctions<double> f64;
};

}  // namespace weft::kernels
