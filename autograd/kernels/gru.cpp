#include <weft/autograd/kernels/functions.hpp>
#include <weft/autograd/kernels/gru.hpp>
#include <weft/autograd/kernels/recurrent_product.hpp>

namespace weft::kernels {
namespace {

/// The weights of the two products of a step. Reset after, the first is all there is.
template <class T>
struct GruWeights {
    PackedWeights<T> first, second;

    std::int64_t bytes() const { return first.bytes() + second.bytes(); }
    void pack(const T* from, std::int64_t units, bool transposed, bool reset_after) {
        T* memory = recurrent_scratch<T>(scratch_recurrent_weights, first.elements() + second.elements());
        first.pack(from, 3 * units, transposed, memory);
        if (!reset_after) second.pack(from + 2 * units, 3 * units, transposed, memory + first.elements());
    }
};

/// z h + (1 - z) g
template <class T>
[[gnu::always_inline]] inline Batch<T> between(const Batch<T>& z, const Batch<T>& h, const Batch<T>& g) {
    return xsimd::fma(z, h - g, g);
}

/// One step of one row, reset after; p is the product of h with all weights.
template <class T>
void step_after(const GruForward<T>& s, const T* p, const T* bias, std::int64_t at, T* h) {
    const std::int64_t u = s.units;
    T* gates = s.gates + at * 3 * u;
    each<T>(u, [&](auto part, std::int64_t j) {
        const Batch<T> z = logistic<T>(part.load(p + j) + part.load(bias + j) + part.load(gates + j));
        const Batch<T> r = logistic<T>(part.load(p + u + j) + part.load(bias + u + j) + part.load(gates + u + j));
        const Batch<T> q = part.load(p + 2 * u + j) + part.load(bias + 2 * u + j);
        const Batch<T> g = tanh_of_gate<T>(xsimd::fma(r, q, part.load(gates + 2 * u + j)));
        const Batch<T> next = between<T>(z, part.load(h + j), g);
        part.store(h + j, next);
        part.store(s.h + at * u + j, next);
        if (!s.inner) return;
        part.store(gates + j, z);
        part.store(gates + u + j, r);
        part.store(gates + 2 * u + j, g);
        part.store(s.inner + at * u + j, q);
    });
}

/// The first half of a step, reset before: z, r and r h, which the second product reads.
template <class T>
void reset_before(const GruForward<T>& s, const T* p, std::int64_t at, const T* h, T* kept) {
    const std::int64_t u = s.units;
    T* gates = s.gates + at * 3 * u;
    each<T>(u, [&](auto part, std::int64_t j) {
        const Batch<T> r = logistic<T>(part.load(p + u + j) + part.load(gates + u + j));
        const Batch<T> product = r * part.load(h + j);
        part.store(gates + j, logistic<T>(part.load(p + j) + part.load(gates + j)));
        part.store(gates + u + j, r);
        part.store(kept + j, product);
        if (s.inner) part.store(s.inner + at * u + j, product);
    });
}

/// The second half; p is the product of r h with R_g.
template <class T>
void step_before(const GruForward<T>& s, const T* p, std::int64_t at, T* h) {
    const std::int64_t u = s.units;
    T* gates = s.gates + at * 3 * u;
    each<T>(u, [&](auto part, std::int64_t j) {
        const Batch<T> g = tanh_of_gate<T>(part.load(p + j) + part.load(gates + 2 * u + j));
        const Batch<T> next = between<T>(part.load(gates + j), part.load(h + j), g);
        part.store(gates + 2 * u + j, g);
        part.store(h + j, next);
        part.store(s.h + at * u + j, next);
    });
}

template <class T>
void forward_rows(const GruForward<T>& s, const GruWeights<T>& weights, std::int64_t first, std::int64_t rows) {
    const std::int64_t u = s.units, columns = weights.first.columns(), columns_g = weights.second.columns();
    T* h = recurrent_scratch<T>(scratch_recurrent_rows, rows * (2 * u + columns + columns_g) + 3 * u);
    T* kept = h + rows * u;
    T* p = kept + rows * u;
    T* p_g = p + rows * columns;
    T* zeros = p_g + rows * columns_g;
    set_row<T>(zeros, nullptr, 3 * u);
    for (std::int64_t i = 0; i < rows; ++i) set_row(h + i * u, s.h_first ? s.h_first + (first + i) * u : nullptr, u);
    for (std::int64_t t = 0; t < s.steps; ++t) {
        weights.first.multiply(rows, h, u, p);
        for (std::int64_t i = 0; i < rows; ++i) {
            const std::int64_t at = (first + i) * s.steps + t;
            if (s.mask && !s.mask[at]) {
                set_row(s.h + at * u, h + i * u, u);
                if (s.inner) set_row<T>(s.inner + at * u, nullptr, u);
                set_row<T>(kept + i * u, nullptr, u);
            } else if (s.reset_after) {
                step_after(s, p + i * columns, s.recurrent_bias ? s.recurrent_bias : zeros, at, h + i * u);
            } else {
                reset_before(s, p + i * columns, at, h + i * u, kept + i * u);
            }
        }
        if (s.reset_after) continue;
        weights.second.multiply(rows, kept, u, p_g);
        for (std::int64_t i = 0; i < rows; ++i)
            if (const std::int64_t at = (first + i) * s.steps + t; !s.mask || s.mask[at])
                step_before(s, p_g + i * columns_g, at, h + i * u);
    }
}

template <class T>
void forward(const GruForward<T>& s) {
    const std::int64_t u = s.units;
    over_row_blocks(
        s.batch, recurrent_grain(s.steps, 3 * u * u), GruWeights<T>{{u, s.reset_after ? 3 * u : 2 * u}, {u, u}},
        [&](GruWeights<T>& weights) { weights.pack(s.recurrent_kernel, u, false, s.reset_after); },
        [&](const GruWeights<T>& weights, std::int64_t first, std::int64_t rows) {
            forward_rows(s, weights, first, rows);
        });
}

/// What later steps want of a row's h, and its part of the scratch memory.
template <class T>
struct RowBack {
    const T* from_later;
    const T* h_before;
    T* dh;
    T* row;   // what the product with the weights of z and r (and, reset after, g) reads
    T* of_g;  // reset before: the gradient of g's argument, which the other product reads
};

/// One step of one row backwards; reset before, r waits for the gradient of r h.
template <class T>
void gates_backward(const GruBackward<T>& s, std::int64_t at, const RowBack<T>& b) {
    const std::int64_t u = s.units;
    const T* gates = s.gates + at * 3 * u;
    T* da = s.da + at * (s.reset_after ? 4 : 3) * u;
    each<T>(u, [&](auto part, std::int64_t j) {
        const Batch<T> z = part.load(gates + j), r = part.load(gates + u + j), g = part.load(gates + 2 * u + j),
                       one(T(1));
        Batch<T> d = part.load(b.dh + j) + part.load(b.from_later + j);
        if (s.dh) d += part.load(s.dh + at * u + j);
        const Batch<T> of_z = d * (part.load(b.h_before + j) - g) * z * (one - z);
        const Batch<T> of_g = d * (one - z) * (one - g * g);
        part.store(b.dh + j, d * z);
        part.store(da + j, of_z);
        part.store(b.row + j, of_z);
        part.store(da + 2 * u + j, of_g);
        if (!s.reset_after) return part.store(b.of_g + j, of_g);
        const Batch<T> of_q = of_g * r, of_r = of_g * part.load(s.inner + at * u + j) * r * (one - r);
        part.store(da + u + j, of_r);
        part.store(b.row + u + j, of_r);
        part.store(da + 3 * u + j, of_q);
        part.store(b.row + 2 * u + j, of_q);
    });
}

/// The rest, reset before; p is the gradient of r h.
template <class T>
void reset_backward(const GruBackward<T>& s, std::int64_t at, const T* p, const RowBack<T>& b) {
    const std::int64_t u = s.units;
    const T* gates = s.gates + at * 3 * u;
    T* da = s.da + at * 3 * u;
    each<T>(u, [&](auto part, std::int64_t j) {
        const Batch<T> r = part.load(gates + u + j), of_product = part.load(p + j), one(T(1));
        const Batch<T> of_r = of_product * part.load(b.h_before + j) * r * (one - r);
        part.store(da + u + j, of_r);
        part.store(b.row + u + j, of_r);
        part.store(b.dh + j, xsimd::fma(of_product, r, part.load(b.dh + j)));
    });
}

template <class T>
void skip_backward(const GruBackward<T>& s, std::int64_t at, const RowBack<T>& b) {
    const std::int64_t u = s.units, width = s.reset_after ? 4 * u : 3 * u;
    each<T>(u, [&](auto part, std::int64_t j) {
        Batch<T> d = part.load(b.dh + j) + part.load(b.from_later + j);
        if (s.dh) d += part.load(s.dh + at * u + j);
        part.store(b.dh + j, d);
    });
    set_row<T>(s.da + at * width, nullptr, width);
    set_row<T>(b.row, nullptr, s.reset_after ? 3 * u : 2 * u);
    set_row<T>(b.of_g, nullptr, u);
}

template <class T>
void backward_rows(const GruBackward<T>& s, const GruWeights<T>& weights, std::int64_t first, std::int64_t rows) {
    const std::int64_t u = s.units, columns = weights.first.columns(), columns_g = weights.second.columns();
    const std::int64_t width = s.reset_after ? 3 * u : 2 * u;
    T* dh = recurrent_scratch<T>(scratch_recurrent_rows, rows * (2 * u + columns + columns_g + width) + u);
    T* from_later = dh + rows * u;
    T* p_g = from_later + rows * columns;
    T* row = p_g + rows * columns_g;
    T* of_g = row + rows * width;
    T* zeros = of_g + rows * u;
    set_row<T>(zeros, nullptr, u);
    set_row<T>(from_later, nullptr, rows * columns);
    for (std::int64_t i = 0; i < rows; ++i) set_row(dh + i * u, s.dh_last ? s.dh_last + (first + i) * u : nullptr, u);
    for (std::int64_t t = s.steps - 1; t >= 0; --t) {
        const auto back = [&](std::int64_t i) {
            const T* before = t > 0       ? s.h + ((first + i) * s.steps + t - 1) * u
                              : s.h_first ? s.h_first + (first + i) * u
                                          : zeros;
            return RowBack<T>{from_later + i * columns, before, dh + i * u, row + i * width, of_g + i * u};
        };
        for (std::int64_t i = 0; i < rows; ++i) {
            const std::int64_t at = (first + i) * s.steps + t;
            if (s.mask && !s.mask[at]) skip_backward(s, at, back(i));
            else gates_backward(s, at, back(i));
        }
        if (!s.reset_after) {
            weights.second.multiply(rows, of_g, u, p_g);
            for (std::int64_t i = 0; i < rows; ++i)
                if (const std::int64_t at = (first + i) * s.steps + t; !s.mask || s.mask[at])
                    reset_backward(s, at, p_g + i * columns_g, back(i));
        }
        weights.first.multiply(rows, row, width, from_later);
    }
    for (std::int64_t i = 0; i < rows; ++i) {
        T* dh_first = s.dh_first + (first + i) * u;
        each<T>(u, [&](auto part, std::int64_t j) {
            part.store(dh_first + j, part.load(dh + i * u + j) + part.load(from_later + i * columns + j));
        });
    }
}

template <class T>
void backward(const GruBackward<T>& s) {
    const std::int64_t u = s.units;
    over_row_blocks(
        s.batch, recurrent_grain(s.steps, 3 * u * u), GruWeights<T>{{s.reset_after ? 3 * u : 2 * u, u}, {u, u}},
        [&](GruWeights<T>& weights) { weights.pack(s.recurrent_kernel, u, true, s.reset_after); },
        [&](const GruWeights<T>& weights, std::int64_t first, std::int64_t rows) {
            backward_rows(s, weights, first, rows);
        });
}

}  // namespace

template <>
const Gru& family<Gru, this_isa>() {
    static constexpr Gru table{forward<float>, forward<double>, backward<float>, backward<double>};
    return table;
}

}  // namespace weft::kernels
