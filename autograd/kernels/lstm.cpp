#include <weft/autograd/kernels/functions.hpp>
#include <weft/autograd/kernels/lstm.hpp>
#include <weft/autograd/kernels/recurrent_product.hpp>

namespace weft::kernels {
namespace {

/// One step of one row: z is the product with the recurrent weights, gates holds the inputs' part.
/// The cell's tanh waits for all the gates of its vector, and the processor does not look far enough ahead to begin the
/// next vector's meanwhile: so it comes in a second pass.
template <class T>
void gates_forward(const LstmForward<T>& s, const T* z, std::int64_t at, T* h, T* c) {
    const std::int64_t u = s.units;
    T* gates = s.gates + at * 4 * u;
    each<T>(u, [&](auto part, std::int64_t j) {
        const Batch<T> i = logistic<T>(part.load(z + j) + part.load(gates + j));
        const Batch<T> f = logistic<T>(part.load(z + u + j) + part.load(gates + u + j));
        const Batch<T> g = tanh_of_gate<T>(part.load(z + 2 * u + j) + part.load(gates + 2 * u + j));
        const Batch<T> o = logistic<T>(part.load(z + 3 * u + j) + part.load(gates + 3 * u + j));
        const Batch<T> next = xsimd::fma(f, part.load(c + j), i * g);
        part.store(c + j, next);
        part.store(gates + 3 * u + j, o);
        if (!s.c) return;
        part.store(gates + j, i);
        part.store(gates + u + j, f);
        part.store(gates + 2 * u + j, g);
        part.store(s.c + at * u + j, next);
    });
    each<T>(u, [&](auto part, std::int64_t j) {
        const Batch<T> tanh_next = tanh_of_gate<T>(part.load(c + j));
        const Batch<T> output = part.load(gates + 3 * u + j) * tanh_next;
        part.store(h + j, output);
        part.store(s.h + at * u + j, output);
        if (s.c) part.store(s.tanh_c + at * u + j, tanh_next);
    });
}

template <class T>
void forward_rows(const LstmForward<T>& s, const PackedWeights<T>& weights, std::int64_t first, std::int64_t rows) {
    const std::int64_t u = s.units, columns = weights.columns();
    T* h = recurrent_scratch<T>(scratch_recurrent_rows, rows * (2 * u + columns));
    T* c = h + rows * u;
    T* z = c + rows * u;
    for (std::int64_t i = 0; i < rows; ++i) {
        set_row(h + i * u, s.h_first ? s.h_first + (first + i) * u : nullptr, u);
        set_row(c + i * u, s.c_first ? s.c_first + (first + i) * u : nullptr, u);
    }
    for (std::int64_t t = 0; t < s.steps; ++t) {
        if (t > 0 || s.h_first) weights.multiply(rows, h, u, z, t % 2 != 0);
        else set_row<T>(z, nullptr, rows * columns);
        for (std::int64_t i = 0; i < rows; ++i) {
            const std::int64_t at = (first + i) * s.steps + t;
            if (!s.mask || s.mask[at]) {
                gates_forward(s, z + i * columns, at, h + i * u, c + i * u);
            } else {
                set_row(s.h + at * u, h + i * u, u);
                if (s.c) set_row(s.c + at * u, c + i * u, u);
            }
        }
    }
    for (std::int64_t i = 0; i < rows; ++i) set_row(s.c_last + (first + i) * u, c + i * u, u);
}

template <class T>
void forward(const LstmForward<T>& s) {
    const std::int64_t u = s.units;
    over_row_blocks(
        s.batch, recurrent_grain(s.steps, 4 * u * u), PackedWeights<T>(u, 4 * u),
        [&](PackedWeights<T>& weights) { weights.pack(s.recurrent_kernel, 4 * u, false); },
        [&](const PackedWeights<T>& weights, std::int64_t first, std::int64_t rows) {
            forward_rows(s, weights, first, rows);
        });
}

/// One step of one row backwards. `from_later` and dh are what later steps want of h, dc what they want of c; dz of
/// this step goes to the array and to `row`, which the next product reads.
template <class T>
void gates_backward(const LstmBackward<T>& s, std::int64_t at, const T* c_before, const T* from_later, T* dh, T* dc,
                    T* row) {
    const std::int64_t u = s.units;
    const T* gates = s.gates + at * 4 * u;
    T* dz = s.dz + at * 4 * u;
    if (const std::int64_t next = at - 1; next > 0) {
        foresee<to_read>(gates - 4 * u, 4 * u);
        foresee<to_read>(s.tanh_c + next * u, u);
        foresee<to_read>(s.c + (next - 1) * u, u);
        if (s.dh) foresee<to_read>(s.dh + next * u, u);
        foresee<to_write>(dz - 4 * u, 4 * u);
    }
    each<T>(u, [&](auto part, std::int64_t j) {
        const Batch<T> i = part.load(gates + j), f = part.load(gates + u + j);
        const Batch<T> g = part.load(gates + 2 * u + j), o = part.load(gates + 3 * u + j);
        const Batch<T> tanh_c = part.load(s.tanh_c + at * u + j), one(T(1));
        Batch<T> d = part.load(dh + j) + part.load(from_later + j);
        if (s.dh) d += part.load(s.dh + at * u + j);
        const Batch<T> of_c = xsimd::fma(d * o, one - tanh_c * tanh_c, part.load(dc + j));
        const Batch<T> parts[4] = {of_c * g * i * (one - i), of_c * part.load(c_before + j) * f * (one - f),
                                   of_c * i * (one - g * g), d * tanh_c * o * (one - o)};
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) {
            part.store(dz + k * u + j, parts[k]);
            part.store(row + k * u + j, parts[k]);
        }
        part.store(dc + j, of_c * f);
        part.store(dh + j, Batch<T>(T(0)));
    });
}

/// A masked step hands on what is wanted of h.
template <class T>
void skip_backward(const LstmBackward<T>& s, std::int64_t at, const T* from_later, T* dh, T* row) {
    const std::int64_t u = s.units;
    each<T>(u, [&](auto part, std::int64_t j) {
        Batch<T> d = part.load(dh + j) + part.load(from_later + j);
        if (s.dh) d += part.load(s.dh + at * u + j);
        part.store(dh + j, d);
    });
    set_row<T>(s.dz + at * 4 * u, nullptr, 4 * u);
    set_row<T>(row, nullptr, 4 * u);
}

template <class T>
void backward_rows(const LstmBackward<T>& s, const PackedWeights<T>& weights, std::int64_t first, std::int64_t rows) {
    const std::int64_t u = s.units, columns = weights.columns();
    T* dh = recurrent_scratch<T>(scratch_recurrent_rows, rows * (2 * u + columns + 4 * u) + u);
    T* dc = dh + rows * u;
    T* from_later = dc + rows * u;
    T* dz = from_later + rows * columns;
    T* zeros = dz + rows * 4 * u;
    set_row<T>(zeros, nullptr, u);
    set_row<T>(from_later, nullptr, rows * columns);
    for (std::int64_t i = 0; i < rows; ++i) {
        set_row(dh + i * u, s.dh_last ? s.dh_last + (first + i) * u : nullptr, u);
        set_row(dc + i * u, s.dc_last ? s.dc_last + (first + i) * u : nullptr, u);
    }
    for (std::int64_t t = s.steps - 1; t >= 0; --t) {
        for (std::int64_t i = 0; i < rows; ++i) {
            const std::int64_t at = (first + i) * s.steps + t;
            const T* c_before = t > 0 ? s.c + (at - 1) * u : s.c_first ? s.c_first + (first + i) * u : zeros;
            if (!s.mask || s.mask[at])
                gates_backward(s, at, c_before, from_later + i * columns, dh + i * u, dc + i * u, dz + i * 4 * u);
            else
                skip_backward(s, at, from_later + i * columns, dh + i * u, dz + i * 4 * u);
        }
        if (t > 0 || s.dh_first) weights.multiply(rows, dz, 4 * u, from_later, t % 2 != 0);
    }
    for (std::int64_t i = 0; i < rows; ++i) {
        if (s.dc_first) set_row(s.dc_first + (first + i) * u, dc + i * u, u);
        if (!s.dh_first) continue;
        T* dh_first = s.dh_first + (first + i) * u;
        each<T>(u, [&](auto part, std::int64_t j) {
            part.store(dh_first + j, part.load(dh + i * u + j) + part.load(from_later + i * columns + j));
        });
    }
}

template <class T>
void backward(const LstmBackward<T>& s) {
    const std::int64_t u = s.units;
    over_row_blocks(
        s.batch, recurrent_grain(s.steps, 4 * u * u), PackedWeights<T>(4 * u, u),
        [&](PackedWeights<T>& weights) { weights.pack(s.recurrent_kernel, 4 * u, true); },
        [&](const PackedWeights<T>& weights, std::int64_t first, std::int64_t rows) {
            backward_rows(s, weights, first, rows);
        });
}

}  // namespace

template <>
const Lstm& family<Lstm, this_isa>() {
    static constexpr Lstm table{forward<float>, forward<double>, backward<float>, backward<double>};
    return table;
}

}  // namespace weft::kernels
