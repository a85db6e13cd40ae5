// Elementwise kernels: contiguous spans in, contiguous spans out; in-place (y == x) is allowed everywhere.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

/// y[i] = f(x[i]) for i < n.
struct Unary {
    void (*f32)(const float* x, float* y, std::int64_t n);
    void (*f64)(const double* x, double* y, std::int64_t n);
};

/// y[i] = f(a[i * a_step], b[i * b_step]) for i < n; a step is 0 (one value for all) or 1.
template <class T, class R = T>
using BinaryRow = void (*)(const T* a, std::int64_t a_step, const T* b, std::int64_t b_step, R* y, std::int64_t n);

/// Element i of row r is data[r * row_step + i * step], step 0 or 1.
template <class T>
struct Operand {
    const T* data;
    std::int64_t step, row_step;
};

/// y[r * n + i] = f(element i of row r of a, the same of b) for r < rows, i < n.
template <class T, class R = T>
using BinaryRows = void (*)(const Operand<T>& a, const Operand<T>& b, R* y, std::int64_t rows, std::int64_t n);

template <class T, class R = T>
struct BinaryFunction {
    BinaryRow<T, R> row;
    BinaryRows<T, R> rows;
};

struct Binary {
    BinaryFunction<float> f32;
    BinaryFunction<double> f64;
};

/// Also for integers (C++ semantics; division by zero is the caller's to refuse).
struct Arithmetic {
    BinaryFunction<float> f32;
    BinaryFunction<double> f64;
    BinaryFunction<std::int64_t> i64;
};

/// 1 where the relation holds, else 0; a comparison with NaN does not hold, except not_equal.
struct Comparison {
    BinaryFunction<float, std::uint8_t> f32;
    BinaryFunction<double, std::uint8_t> f64;
    BinaryFunction<std::int64_t, std::uint8_t> i64;
};

struct Elementwise {
    Unary negative, absolute, sign, square, sqrt, rsqrt, reciprocal, exp, expm1, log, log1p, sin, cos, floor, round;
    Unary tanh, sigmoid, softplus, relu, erf;
    Unary gelu, gelu_tanh;  // x Phi(x) with the exact erf, and Hendrycks & Gimpel's tanh approximation

    Arithmetic add, subtract, multiply, minimum, maximum;  // minimum and maximum hand on a NaN of either side
    Binary divide, power;

    // Derivatives in one pass; a is the gradient of the output, b what the name says.
    Binary relu_gradient;     // a where b > 0, else 0; b is the input or the output
    Binary tanh_gradient;     // a * (1 - b^2), b the output
    Binary sigmoid_gradient;  // a * b * (1 - b), b the output

    Comparison equal, not_equal, less, less_equal, greater, greater_equal;

    /// y[i] = condition[i * c_step] ? a[i * a_step] : b[i * b_step]
    void (*where_f32)(const std::uint8_t* condition, std::int64_t c_step, const float* a, std::int64_t a_step,
                      const float* b, std::int64_t b_step, float* y, std::int64_t n);
    void (*where_f64)(const std::uint8_t* condition, std::int64_t c_step, const double* a, std::int64_t a_step,
                      const double* b, std::int64_t b_step, double* y, std::int64_t n);

    /// y[i] = min(max(x[i], low), high); NaN stays NaN.
    void (*clip_f32)(const float* x, float low, float high, float* y, std::int64_t n);
    void (*clip_f64)(const double* x, double low, double high, double* y, std::int64_t n);

    /// y[i] += alpha * x[i]
    void (*axpy_f32)(float alpha, const float* x, float* y, std::int64_t n);
    void (*axpy_f64)(double alpha, const double* x, double* y, std::int64_t n);
};

}  // namespace weft::kernels
