// The multiply inside a recurrent layer's loop over time: some rows of a state times weights that are packed once for
// all steps. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/pack.hpp>
#include <weft/autograd/kernels/scratch.hpp>
#include <weft/autograd/kernels/spans.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/kernels/tile.hpp>

namespace weft::kernels {
namespace {

/// The rows that go through all steps together: their working set stays in the second-level cache.
constexpr std::int64_t recurrent_rows = 64;

/// Rows worth a thread of their own, for `steps` steps of `multiplies` multiply-adds a row.
constexpr std::int64_t recurrent_grain(std::int64_t steps, std::int64_t multiplies) {
    const std::int64_t row = steps * (multiplies + 500) + 1;
    return 1 + 150'000 / row;
}

template <class T>
T* recurrent_scratch(int slot, std::int64_t elements) {
    return static_cast<T*>(scratch(slot, static_cast<std::size_t>(elements) * sizeof(T)));
}

/// Weights [k, n] as panels of two vectors, the last one padded.
template <class T>
class PackedWeights {
public:
    static constexpr std::int64_t width = 2 * lanes<T>;

    PackedWeights(std::int64_t k, std::int64_t n) : k_(k), n_(n) {}

    std::int64_t panels() const { return (n_ + width - 1) / width; }
    /// The row length of what multiply() writes.
    std::int64_t columns() const { return panels() * width; }
    /// How many elements pack() needs.
    std::int64_t elements() const { return columns() * k_ + lanes<T>; }
    std::int64_t bytes() const { return elements() * static_cast<std::int64_t>(sizeof(T)); }

    /// b is [k, n] with rows `step` apart, or transposed [n, k]. Without memory the thread's scratch is taken.
    void pack(const T* b, std::int64_t step, bool transposed) {
        pack(b, step, transposed, recurrent_scratch<T>(scratch_recurrent_weights, elements()));
    }
    void pack(const T* b, std::int64_t step, bool transposed, T* memory) {
        memory_ = memory;
        for (std::int64_t q = 0; q < panels(); ++q) {
            const std::int64_t j = q * width, count = n_ - j < width ? n_ - j : width;
            if (transposed) pack_transposed(k_, width, count, b + j * step, step, memory + q * width * k_);
            else pack_rows(k_, width, count, b + j, step, memory + q * width * k_);
        }
    }

    /// to[i, 0 .. n) = a[i, :] b for `rows` rows; columns from n to columns() are written too, and mean nothing. Every
    /// other step may go through the weights backwards: it finds the last ones of the step before still in the cache.
    void multiply(std::int64_t rows, const T* a, std::int64_t a_step, T* to, bool backwards = false) const {
        if (rows == 1) return multiply_row(a, to, backwards);
        const std::int64_t tiles = (rows + tallest - 1) / tallest, to_step = columns();
        for (std::int64_t p = 0; p < panels(); ++p) {
            const std::int64_t q = backwards ? panels() - 1 - p : p;
            std::int64_t i = 0;
            for (std::int64_t t = 0; t < tiles; ++t) {
                const std::int64_t count = rows / tiles + (t < rows % tiles);
                table.entry[count](k_, a + i * a_step, a_step, memory_ + q * width * k_, to + i * to_step + q * width,
                                   to_step);
                i += count;
            }
        }
    }

private:
    static constexpr int tallest = max_sums >= 28 ? 14 : 6;
    static constexpr int panels_of_row = 4;

    // A single row has two sums a panel, each of which waits for its last addition: several panels at once.
    void multiply_row(const T* a, T* to, bool backwards) const {
        const std::int64_t groups = panels() / panels_of_row, rest = groups * panels_of_row;
        for (std::int64_t i = 0; i < groups; ++i) {
            const std::int64_t q = (backwards ? groups - 1 - i : i) * panels_of_row;
            run_row<panels_of_row>(k_, a, memory_ + q * width * k_, to + q * width);
        }
        for (std::int64_t q = rest; q < panels(); ++q) run_row<1>(k_, a, memory_ + q * width * k_, to + q * width);
    }

    template <int count>
    static void run_row(std::int64_t k, const T* a, const T* b, T* to) {
        constexpr std::int64_t L = lanes<T>;
        Batch<T> sums[2 * count];
#pragma GCC unroll 8
        for (auto& sum : sums) sum = Batch<T>(T(0));
        for (std::int64_t p = 0; p < k; ++p, b += width) {
            const Batch<T> x(a[p]);
#pragma GCC unroll 8
            for (int i = 0; i < 2 * count; ++i)
                sums[i] = xsimd::fma(x, Batch<T>::load_unaligned(b + i / 2 * width * k + i % 2 * L), sums[i]);
        }
#pragma GCC unroll 8
        for (int i = 0; i < 2 * count; ++i) sums[i].store_unaligned(to + i * L);
    }

    using Function = void (*)(std::int64_t k, const T* a, std::int64_t a_step, const T* b, T* to, std::int64_t to_step);

    template <int rows>
    static void run(std::int64_t k, const T* a, std::int64_t a_step, const T* b, T* to, std::int64_t to_step) {
        Tile<T, rows, 2> tile;
        tile.zero();
        tile.multiply(k, a, a_step, Fixed<1>{}, b, width);
        tile.store(to, to_step);
    }

    struct Table {
        Function entry[tallest + 1] = {};
        constexpr Table() { fill<tallest>(); }
        template <int rows>
        constexpr void fill() {
            entry[rows] = run<rows>;
            if constexpr (rows > 1) fill<rows - 1>();
        }
    };
    static constexpr Table table{};

    std::int64_t k_, n_;
    const T* memory_ = nullptr;
};

template <class T>
void set_row(T* to, const T* from, std::int64_t n) {
    if (from) __builtin_memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
    else __builtin_memset(to, 0, static_cast<std::size_t>(n) * sizeof(T));
}

/// Asks for a row of memory that the next step needs. The steps of a sequence lie side by side, but the loop goes
/// through all sequences before it comes to the next step: too far apart for the processor to foresee.
enum Access { to_read, to_write };
template <Access access, class T>
[[gnu::always_inline]] inline void foresee(const T* row, std::int64_t n) {
    constexpr std::int64_t line = 64 / static_cast<std::int64_t>(sizeof(T));
    for (std::int64_t j = 0; j < n; j += line) __builtin_prefetch(row + j, access, 2);
}

/// Packed weights below this are each thread's own: those that another core has just packed would come from afar.
constexpr std::int64_t own_weights_bytes = 256 * 1024;

/// body(weights, first row, rows) for blocks of the rows of a batch, on as many threads as are worth it; pack(weights)
/// comes first.
template <class Weights, class Pack, class Body>
void over_row_blocks(std::int64_t batch, std::int64_t grain, Weights weights, Pack&& pack, Body&& body) {
    const bool own = weights.bytes() <= own_weights_bytes;
    if (!own) pack(weights);
    parallel_for(batch, grain, [&](std::int64_t begin, std::int64_t end) {
        Weights mine = weights;
        if (own) pack(mine);
        for (std::int64_t i = begin; i < end; i += recurrent_rows)
            body(mine, i, end - i < recurrent_rows ? end - i : recurrent_rows);
    });
}

}  // namespace
}  // namespace weft::kernels
