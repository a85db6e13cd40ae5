#include <weft/autograd/kernels/functions.hpp>
#include <weft/autograd/kernels/recurrent_product.hpp>
#include <weft/autograd/kernels/simple_rnn.hpp>

namespace weft::kernels {
namespace {

template <class T>
void forward_rows(const SimpleRnnForward<T>& s, const PackedWeights<T>& weights, std::int64_t first,
                  std::int64_t rows) {
    const std::int64_t u = s.units, columns = weights.columns();
    T* h = recurrent_scratch<T>(scratch_recurrent_rows, rows * (u + columns));
    T* p = h + rows * u;
    for (std::int64_t i = 0; i < rows; ++i) set_row(h + i * u, s.h_first ? s.h_first + (first + i) * u : nullptr, u);
    for (std::int64_t t = 0; t < s.steps; ++t) {
        weights.multiply(rows, h, u, p);
        for (std::int64_t i = 0; i < rows; ++i) {
            const std::int64_t at = (first + i) * s.steps + t;
            T* to = s.h + at * u;
            if (s.mask && !s.mask[at]) {
                set_row(to, h + i * u, u);
                continue;
            }
            each<T>(u, [&](auto part, std::int64_t j) {
                const Batch<T> next = tanh_of_gate<T>(part.load(p + i * columns + j) + part.load(to + j));
                part.store(h + i * u + j, next);
                part.store(to + j, next);
            });
        }
    }
}

template <class T>
void forward(const SimpleRnnForward<T>& s) {
    const std::int64_t u = s.units;
    over_row_blocks(
        s.batch, recurrent_grain(s.steps, u * u), PackedWeights<T>(u, u),
        [&](PackedWeights<T>& weights) { weights.pack(s.recurrent_kernel, u, false); },
        [&](const PackedWeights<T>& weights, std::int64_t first, std::int64_t rows) {
            forward_rows(s, weights, first, rows);
        });
}

template <class T>
void backward_rows(const SimpleRnnBackward<T>& s, const PackedWeights<T>& weights, std::int64_t first,
                   std::int64_t rows) {
    const std::int64_t u = s.units, columns = weights.columns();
    T* dh = recurrent_scratch<T>(scratch_recurrent_rows, rows * (2 * u + columns));
    T* row = dh + rows * u;
    T* from_later = row + rows * u;
    set_row<T>(from_later, nullptr, rows * columns);
    for (std::int64_t i = 0; i < rows; ++i) set_row(dh + i * u, s.dh_last ? s.dh_last + (first + i) * u : nullptr, u);
    for (std::int64_t t = s.steps - 1; t >= 0; --t) {
        for (std::int64_t i = 0; i < rows; ++i) {
            const std::int64_t at = (first + i) * s.steps + t;
            const bool counts = !s.mask || s.mask[at];
            each<T>(u, [&](auto part, std::int64_t j) {
                const Batch<T> h = part.load(s.h + at * u + j), zero(T(0));
                Batch<T> d = part.load(dh + i * u + j) + part.load(from_later + i * columns + j);
                if (s.dh) d += part.load(s.dh + at * u + j);
                const Batch<T> da = counts ? d * (Batch<T>(T(1)) - h * h) : zero;
                part.store(s.da + at * u + j, da);
                part.store(row + i * u + j, da);
                part.store(dh + i * u + j, counts ? zero : d);
            });
        }
        weights.multiply(rows, row, u, from_later);
    }
    for (std::int64_t i = 0; i < rows; ++i) {
        T* dh_first = s.dh_first + (first + i) * u;
        each<T>(u, [&](auto part, std::int64_t j) {
            part.store(dh_first + j, part.load(dh + i * u + j) + part.load(from_later + i * columns + j));
        });
    }
}

template <class T>
void backward(const SimpleRnnBackward<T>& s) {
    const std::int64_t u = s.units;
    over_row_blocks(
        s.batch, recurrent_grain(s.steps, u * u), PackedWeights<T>(u, u),
        [&](PackedWeights<T>& weights) { weights.pack(s.recurrent_kernel, u, true); },
        [&](const PackedWeights<T>& weights, std::int64_t first, std::int64_t rows) {
            backward_rows(s, weights, first, rows);
        });
}

}  // namespace

template <>
const SimpleRnn& family<SimpleRnn, this_isa>() {
    static constexpr SimpleRnn table{forward<float>, forward<double>, backward<float>, backward<double>};
    return table;
}

}  // namespace weft::kernels
