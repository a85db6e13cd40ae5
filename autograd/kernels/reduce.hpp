// Reductions over one axis of a row-major array seen as [outer, length, inner]; the result is [outer, inner].
// The caller folds neighbouring axes and splits work between threads over outer (or inner) itself.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

template <class T, class R = T>
using ReduceFunction = void (*)(const T* x, R* y, std::int64_t outer, std::int64_t length, std::int64_t inner);

struct Reduction {
    ReduceFunction<float> f32;
    ReduceFunction<double> f64;
    ReduceFunction<std::int64_t> i64;
};

/// The index of the first extreme value; a NaN counts as the extreme.
struct ArgReduction {
    ReduceFunction<float, std::int64_t> f32;
    ReduceFunction<double, std::int64_t> f64;
    ReduceFunction<std::int64_t, std::int64_t> i64;
};

struct Reduce {
    Reduction sum;               // float32 through many accumulators: 30 million ones sum to 30 million
    Reduction maximum, minimum;  // NaN wins; length > 0
    Reduction product;
    ArgReduction argmax, argmin;  // length > 0

    /// Sum of squares, accumulated in double.
    double (*sum_of_squares_f32)(const float* x, std::int64_t n);
    double (*sum_of_squares_f64)(const double* x, std::int64_t n);
    /// Whether every value is finite.
    bool (*all_finite_f32)(const float* x, std::int64_t n);
    bool (*all_finite_f64)(const double* x, std::int64_t n);
};

}  // namespace weft::kernels
