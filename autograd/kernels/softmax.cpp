#include <weft/autograd/kernels/softmax.hpp>

#include <weft/autograd/kernels/functions.hpp>
#include <weft/autograd/kernels/spans.hpp>

namespace weft::kernels {
namespace {

// Each kernel is written once, over a span whose vectors hold either one row, its columns across the lanes, or as many
// rows as there are lanes, one column of them all in each vector: rows of ten classes would leave most lanes of their
// own vectors empty. The two differ in how the lanes of a sum or a maximum are joined.

/// One row: what the lanes hold is joined, and given back in every lane.
struct OneRow {
    template <class T>
    static Batch<T> sum(const Batch<T>& x) {
        return Batch<T>(xsimd::hadd(x));
    }
    template <class T>
    static Batch<T> maximum(const Batch<T>& x) {
        T buffer[lanes<T>];
        x.store_unaligned(buffer);
#pragma GCC unroll 4
        for (std::int64_t half = lanes<T> / 2; half > 0; half /= 2)
            for (std::int64_t i = 0; i < half; ++i)
                buffer[i] = buffer[i + half] > buffer[i] ? buffer[i + half] : buffer[i];
        return Batch<T>(buffer[0]);
    }
};

/// A row in each lane.
struct RowPerLane {
    template <class T>
    static Batch<T> sum(const Batch<T>& x) {
        return x;
    }
    template <class T>
    static Batch<T> maximum(const Batch<T>& x) {
        return x;
    }
};

/// A sum that stays accurate over long rows: after 64 terms a lane goes into another.
template <class T>
struct LongSum {
    Batch<T> part = Batch<T>(T(0)), whole = part;
    int terms = 0;

    [[gnu::always_inline]] void add(const Batch<T>& x) {
        part += x;
        if (++terms == 64) {
            whole += part;
            part = Batch<T>(T(0));
            terms = 0;
        }
    }
    [[gnu::always_inline]] Batch<T> total() const { return whole + part; }
};

template <class Rows, class T>
Batch<T> maximum(const T* x, std::int64_t n) {
    Batch<T> most(-infinity<T>);
    each<T>(n, [&](auto at, std::int64_t i) { most = xsimd::max(most, at.load(x + i, -infinity<T>)); });
    return Rows::template maximum<T>(most);
}

/// The sum of e^(x - most), which is written to y if there is one.
template <class Rows, class T>
Batch<T> sum_of_exponentials(const T* x, const Batch<T>& most, T* y, std::int64_t n) {
    LongSum<T> sum;
    if (y)
        each<T>(n, [&](auto at, std::int64_t i) {
            const Batch<T> e = xsimd::exp(at.load(x + i, -infinity<T>) - most);
            at.store(y + i, e);
            sum.add(e);
        });
    else
        each<T>(n, [&](auto at, std::int64_t i) { sum.add(xsimd::exp(at.load(x + i, -infinity<T>) - most)); });
    return Rows::template sum<T>(sum.total());
}

template <class T>
void divide(T* y, const Batch<T>& by, std::int64_t n) {
    const Batch<T> factor = Batch<T>(T(1)) / by;
    each<T>(n, [&](auto at, std::int64_t i) { at.store(y + i, at.load(y + i) * factor); });
}

/// Calls body(rows, r, count, inputs..., output, n) for all rows: r, ..., r + count - 1 at a time, whose columns lie in
/// spans of n elements; a null output stays null.
template <class T, class Body, class... Inputs>
void over_rows(std::int64_t rows, std::int64_t columns, T* output, const Body& body, const Inputs*... inputs) {
    constexpr std::int64_t L = lanes<T>, widest = L == 16 ? 20 : 32;
    if (columns > widest) {
        for (std::int64_t r = 0; r < rows; ++r)
            body(OneRow{}, r, std::int64_t(1), (inputs + r * columns)..., output ? output + r * columns : nullptr,
                 columns);
        return;
    }
    struct Turned {
        alignas(64) T values[widest * L] = {};
    };
    const auto turn_in = [columns](Turned&& turned, const T* x, std::int64_t count) {
        for (std::int64_t r = 0; r < count; ++r)
            for (std::int64_t c = 0; c < columns; ++c) turned.values[c * L + r] = x[r * columns + c];
        return turned.values;
    };
    for (std::int64_t r = 0; r < rows; r += L) {
        const std::int64_t count = rows - r < L ? rows - r : L;
        alignas(64) T result[widest * L];
        body(RowPerLane{}, r, count, turn_in(Turned{}, inputs + r * columns, count)...,
             output ? result : nullptr, columns * L);
        if (!output) continue;
        T* y = output + r * columns;
        for (std::int64_t i = 0; i < count; ++i)
            for (std::int64_t c = 0; c < columns; ++c) y[i * columns + c] = result[c * L + i];
    }
}

template <class T>
void softmax(const T* x, T* y, std::int64_t rows, std::int64_t columns) {
    over_rows(rows, columns, y, [](auto kind, std::int64_t, std::int64_t, const T* from, T* to, std::int64_t n) {
        using Rows = decltype(kind);
        divide(to, sum_of_exponentials<Rows>(from, maximum<Rows>(from, n), to, n), n);
    }, x);
}

template <class T>
void log_softmax(const T* x, T* y, std::int64_t rows, std::int64_t columns) {
    over_rows(rows, columns, y, [](auto kind, std::int64_t, std::int64_t, const T* from, T* to, std::int64_t n) {
        using Rows = decltype(kind);
        const Batch<T> most = maximum<Rows>(from, n);
        const Batch<T> log_sum = xsimd::log(sum_of_exponentials<Rows, T>(from, most, nullptr, n));
        each<T>(n, [&](auto at, std::int64_t i) { at.store(to + i, at.load(from + i) - most - log_sum); });
    }, x);
}

template <class T>
void softmax_gradient(const T* y, const T* dy, T* dx, std::int64_t rows, std::int64_t columns) {
    over_rows(rows, columns, dx,
              [](auto kind, std::int64_t, std::int64_t, const T* out, const T* gradient, T* to, std::int64_t n) {
        using Rows = decltype(kind);
        LongSum<T> sum;
        each<T>(n, [&](auto at, std::int64_t i) { sum.add(at.load(out + i) * at.load(gradient + i)); });
        const Batch<T> mean = Rows::template sum<T>(sum.total());
        each<T>(n, [&](auto at, std::int64_t i) {
            at.store(to + i, at.load(out + i) * (at.load(gradient + i) - mean));
        });
    }, y, dy);
}

template <class T>
void log_softmax_gradient(const T* y, const T* dy, T* dx, std::int64_t rows, std::int64_t columns) {
    over_rows(rows, columns, dx,
              [](auto kind, std::int64_t, std::int64_t, const T* out, const T* gradient, T* to, std::int64_t n) {
        using Rows = decltype(kind);
        LongSum<T> sum;
        each<T>(n, [&](auto at, std::int64_t i) { sum.add(at.load(gradient + i)); });
        const Batch<T> total = Rows::template sum<T>(sum.total());
        each<T>(n, [&](auto at, std::int64_t i) {
            at.store(to + i, at.load(gradient + i) - xsimd::exp(at.load(out + i)) * total);
        });
    }, y, dy);
}

/// Writes the first `count` lanes of the loss.
template <class T>
void write(T* loss, const Batch<T>& value, std::int64_t count) {
    First{count}.store(loss, value);
}

template <class T>
void cross_entropy(const T* x, const T* target, T* loss, T* probabilities, std::int64_t rows, std::int64_t columns) {
    over_rows(rows, columns, probabilities,
              [loss](auto kind, std::int64_t r, std::int64_t count, const T* from, const T* goal, T* to,
                     std::int64_t n) {
        using Rows = decltype(kind);
        const Batch<T> most = maximum<Rows>(from, n), zero(T(0));
        const Batch<T> sum = sum_of_exponentials<Rows>(from, most, to, n), log_sum = xsimd::log(sum);
        LongSum<T> total;
        each<T>(n, [&](auto at, std::int64_t i) {
            // A target of 0 weighs nothing, also where the logit is -infinity.
            const Batch<T> weight = at.load(goal + i), lost = log_sum + (most - at.load(from + i));
            total.add(xsimd::select(weight == zero, zero, weight * lost));
        });
        if (to) divide(to, sum, n);
        write(loss + r, Rows::template sum<T>(total.total()), count);
    }, x, target);
}

template <class T>
void sparse_cross_entropy(const T* x, const std::int64_t* label, T* loss, T* probabilities, std::int64_t rows,
                          std::int64_t columns) {
    over_rows(rows, columns, probabilities,
              [=](auto kind, std::int64_t r, std::int64_t count, const T* from, T* to, std::int64_t n) {
        using Rows = decltype(kind);
        alignas(64) T at_label[lanes<T>] = {};
        for (std::int64_t i = 0; i < count; ++i) at_label[i] = x[(r + i) * columns + label[r + i]];
        const Batch<T> most = maximum<Rows>(from, n);
        const Batch<T> sum = sum_of_exponentials<Rows>(from, most, to, n);
        if (to) divide(to, sum, n);
        write(loss + r, xsimd::log(sum) + (most - Batch<T>::load_aligned(at_label)), count);
    }, x);
}

template <class T>
constexpr SoftmaxRows<T> rows_of{softmax<T>,          log_softmax<T>,   softmax_gradient<T>,
                                 log_softmax_gradient<T>, cross_entropy<T>, sparse_cross_entropy<T>};

constexpr Softmax table{rows_of<float>, rows_of<double>};

}  // namespace

template <>
const Softmax& family<Softmax, this_isa>() {
    return table;
}

}  // namespace weft::kernels
