// One vector times a matrix: dot products of contiguous rows, and sums over rows too short for a tile. For kernel
// sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/arch.hpp>
#include <weft/autograd/kernels/joins.hpp>
#include <weft/autograd/kernels/partial.hpp>

namespace weft::kernels {
namespace {

/// y[i * y_step] = sum over p < k of a[i * lda + p] * x[p] (+ y if accumulate) (+ bias[i * bias_step] unless null),
/// then max(y, 0) if relu.
template <class T>
struct GemvArguments {
    std::int64_t rows, k;
    const T* a;
    std::int64_t lda;
    const T* x;
    T* y;
    std::int64_t y_step;
    const T* bias;
    std::int64_t bias_step;
    bool accumulate, relu;
};

template <class T, int rows>
void dot_rows(const GemvArguments<T>& g, std::int64_t i) {
    constexpr std::int64_t L = lanes<T>;
    const T* a = g.a + i * g.lda;
    Batch<T> even[rows], odd[rows];
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) even[r] = odd[r] = Batch<T>(T(0));
    std::int64_t p = 0;
    for (; p + 2 * L <= g.k; p += 2 * L) {
        const Batch<T> x0 = Batch<T>::load_unaligned(g.x + p), x1 = Batch<T>::load_unaligned(g.x + p + L);
#pragma GCC unroll 8
        for (int r = 0; r < rows; ++r) {
            even[r] = xsimd::fma(Batch<T>::load_unaligned(a + r * g.lda + p), x0, even[r]);
            odd[r] = xsimd::fma(Batch<T>::load_unaligned(a + r * g.lda + p + L), x1, odd[r]);
        }
    }
    for (; p < g.k; p += L) {
        const std::int64_t count = g.k - p < L ? g.k - p : L;
        const Batch<T> x = load_partial(g.x + p, count);
#pragma GCC unroll 8
        for (int r = 0; r < rows; ++r) even[r] = xsimd::fma(load_partial(a + r * g.lda + p, count), x, even[r]);
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) {
        T* y = g.y + (i + r) * g.y_step;
        T sum = across<Sum, T>(even[r] + odd[r]);
        if (g.accumulate) sum += *y;
        if (g.bias) sum += g.bias[(i + r) * g.bias_step];
        *y = g.relu && sum < T(0) ? T(0) : sum;  // a NaN stays
    }
}

/// Rows begin .. end of it.
template <class T>
void gemv(const GemvArguments<T>& g, std::int64_t begin, std::int64_t end) {
    std::int64_t i = begin;
    for (; i + 4 <= end; i += 4) dot_rows<T, 4>(g, i);
    for (; i < end; ++i) dot_rows<T, 1>(g, i);
}

/// y[j] = sum over p < k of x[p * x_step] * b[p * ldb + j] for j < n <= lanes (+ y[j] if accumulate, else + bias[j]
/// unless null), then max(y, 0) if relu. Four sums at once: one would wait for itself.
template <class T>
void narrow_row(std::int64_t n, std::int64_t k, const T* x, std::int64_t x_step, const T* b, std::int64_t ldb, T* y,
                const T* bias, bool accumulate, bool relu) {
    Batch<T> sum[4];
    sum[0] = accumulate ? load_partial<T>(y, n) : bias ? load_partial(bias, n) : Batch<T>(T(0));
    sum[1] = sum[2] = sum[3] = Batch<T>(T(0));
    std::int64_t p = 0;
    for (; p + 4 <= k; p += 4)
#pragma GCC unroll 4
        for (int s = 0; s < 4; ++s)
            sum[s] = xsimd::fma(Batch<T>(x[(p + s) * x_step]), load_partial(b + (p + s) * ldb, n), sum[s]);
    for (; p < k; ++p) sum[0] = xsimd::fma(Batch<T>(x[p * x_step]), load_partial(b + p * ldb, n), sum[0]);
    Batch<T> total = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    if (relu) total = xsimd::max(Batch<T>(T(0)), total);  // a NaN stays: see Tile::relu
    store_partial(y, n, total);
}

}  // namespace
}  // namespace weft::kernels
