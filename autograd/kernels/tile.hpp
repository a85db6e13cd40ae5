// The register tile under every multiply: `rows` rows of `vectors` vectors of sums, kept in registers while k runs.
//
//     Tile<float, 6, 4> tile;
//     tile.load(bias, 0);                             // or zero(), or load(c, ldc) to go on from what is there
//     tile.multiply(k, a, lda, Fixed<1>{}, b, ldb);   // sum[i][:] += sum over p of a[i * lda + p] * b[p * ldb ..]
//     tile.multiply(...);                             // as many segments as there are: a convolution's window rows
//     tile.relu();
//     tile.store(c, ldc);
//
// a is read as a[i * row_step + p * k_step]: row-major (lda, 1), transposed (1, lda), packed (1, rows), pixels of an
// image (stride * channels, 1). A step is an integer, or Fixed<n>{} where it is known at compile time: then it folds
// into the addresses, which narrow tiles (vectors == 1) need to be fast. b is read as b[p * b_step + column],
// unaligned, `vectors` whole vectors a row.
//
// Columns that do not fill the last vector: the overloads with `last` (lanes of the last vector in use, 1 .. lanes)
// touch only those, in b, bias and c alike. With last == lanes they do what the others do. A b that is packed and
// zero-padded wants the plain multiply and the partial load and store.
//
// Everything is always_inline and sum is meant to be a local of the caller: the loops over it are unrolled completely,
// else the compiler would keep it in memory, at a quarter of the speed. rows * vectors may be at most max_sums<T>: what
// is left of the registers holds one row of b and one broadcast element of a. 12 sums or more hide the latency.
// For kernel sources only (see arch.hpp): all of it has internal linkage.
#pragma once

#include <weft/autograd/kernels/arch.hpp>
#include <weft/autograd/kernels/partial.hpp>

namespace weft::kernels {
namespace {

/// A step known at compile time.
template <std::int64_t value>
struct Fixed {
    constexpr operator std::int64_t() const { return value; }
};

/// How many sums the registers hold beside the operands: 28 of 32, or 12 of 16.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int max_sums = 28;
#else
constexpr int max_sums = 12;
#endif

template <class T, int rows, int vectors>
struct Tile {
    static_assert(rows * vectors <= max_sums);
    static constexpr std::int64_t columns = vectors * lanes<T>;

    Batch<T> sum[rows][vectors];

    [[gnu::always_inline]] void zero() {
#pragma GCC unroll 32
        for (int i = 0; i < rows; ++i)
#pragma GCC unroll 16
            for (int v = 0; v < vectors; ++v) sum[i][v] = Batch<T>(T(0));
    }

    /// sum[i][:] = from[i * step ..]; step 0 gives every row the same (a bias).
    [[gnu::always_inline]] void load(const T* __restrict from, std::int64_t step) {
#pragma GCC unroll 32
        for (int i = 0; i < rows; ++i)
#pragma GCC unroll 16
            for (int v = 0; v < vectors; ++v)
                sum[i][v] = Batch<T>::load_unaligned(from + i * step + v * lanes<T>);
    }

    [[gnu::always_inline]] void load(const T* __restrict from, std::int64_t step, std::int64_t last) {
#pragma GCC unroll 32
        for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 16
            for (int v = 0; v < vectors - 1; ++v)
                sum[i][v] = Batch<T>::load_unaligned(from + i * step + v * lanes<T>);
            sum[i][vectors - 1] = load_partial(from + i * step + (vectors - 1) * lanes<T>, last);
        }
    }

    template <class RowStep, class KStep>
    [[gnu::always_inline]] void multiply(std::int64_t k, const T* __restrict a, RowStep row_step, KStep k_step,
                                         const T* __restrict b, std::int64_t b_step) {
        for (; k > 0; --k, a += k_step, b += b_step) add_step(a, row_step, b);
    }

    /// The same, asking for a's elements `ahead` steps of k before they are needed.
    template <class RowStep>
    [[gnu::always_inline]] void multiply_foreseeing(std::int64_t ahead, std::int64_t k, const T* __restrict a,
                                                    RowStep row_step, std::int64_t k_step, const T* __restrict b,
                                                    std::int64_t b_step) {
        for (ahead *= k_step; k > 0; --k, a += k_step, b += b_step) {
            __builtin_prefetch(a + ahead);
            add_step(a, row_step, b);
        }
    }

    template <class RowStep, class KStep>
    [[gnu::always_inline]] void multiply(std::int64_t k, const T* __restrict a, RowStep row_step, KStep k_step,
                                         const T* __restrict b, std::int64_t b_step, std::int64_t last) {
        for (; k > 0; --k, a += k_step, b += b_step) {
            Batch<T> row[vectors];
#pragma GCC unroll 16
            for (int v = 0; v < vectors - 1; ++v) row[v] = Batch<T>::load_unaligned(b + v * lanes<T>);
            row[vectors - 1] = load_partial(b + (vectors - 1) * lanes<T>, last);
            add_products(a, row_step, row);
        }
    }

    /// max(sum, 0); a NaN stays.
    [[gnu::always_inline]] void relu() {
        const Batch<T> zero(T(0));
#pragma GCC unroll 32
        for (int i = 0; i < rows; ++i)
#pragma GCC unroll 16
            for (int v = 0; v < vectors; ++v) sum[i][v] = xsimd::max(zero, sum[i][v]);  // x86 hands on the second
    }

    /// to[i * step ..] = sum[i][:]
    [[gnu::always_inline]] void store(T* __restrict to, std::int64_t step) const {
#pragma GCC unroll 32
        for (int i = 0; i < rows; ++i)
#pragma GCC unroll 16
            for (int v = 0; v < vectors; ++v) sum[i][v].store_unaligned(to + i * step + v * lanes<T>);
    }

    [[gnu::always_inline]] void store(T* __restrict to, std::int64_t step, std::int64_t last) const {
#pragma GCC unroll 32
        for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 16
            for (int v = 0; v < vectors - 1; ++v) sum[i][v].store_unaligned(to + i * step + v * lanes<T>);
            store_partial(to + i * step + (vectors - 1) * lanes<T>, last, sum[i][vectors - 1]);
        }
    }

    /// One step of k: sum[i][:] += a[i * row_step] * b[:].
    template <class RowStep>
    [[gnu::always_inline]] void add_step(const T* __restrict a, RowStep row_step, const T* __restrict b) {
        Batch<T> row[vectors];
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) row[v] = Batch<T>::load_unaligned(b + v * lanes<T>);
        add_products(a, row_step, row);
    }

    /// The same for a row in registers.
    template <class RowStep>
    [[gnu::always_inline]] void add_products(const T* __restrict a, RowStep row_step, const Batch<T>* row) {
#pragma GCC unroll 32
        for (int i = 0; i < rows; ++i) {
            const Batch<T> x(a[i * row_step]);
#pragma GCC unroll 16
            for (int v = 0; v < vectors; ++v) sum[i][v] = xsimd::fma(x, row[v], sum[i][v]);
        }
    }
};

}  // namespace
}  // namespace weft::kernels
