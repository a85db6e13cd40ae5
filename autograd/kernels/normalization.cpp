#include <weft/autograd/kernels/normalization.hpp>

#include <weft/autograd/kernels/spans.hpp>

namespace weft::kernels {
namespace {

using Index = std::int64_t;

constexpr Index block_rows = 64;  // as many as are summed as T
constexpr Index chunk = 1024;     // columns whose totals lie on the stack

Index smaller(Index a, Index b) { return a < b ? a : b; }

/// How many rows of a narrow matrix to take as one, so that they fill whole vectors; 1 if it is not narrow.
template <class T>
Index rows_together(Index columns) {
    constexpr Index L = lanes<T>;
    if (columns >= 4 * L) return 1;
    Index together = L;
    for (Index odd = columns; odd % 2 == 0 && together > 1; odd /= 2) together /= 2;
    while (together * columns < 4 * L) together *= 2;
    return together;
}

// ---- columns: moments -----------------------------------------------------------------------------------------------

/// Of V vectors of columns, down `rows` rows: about the mean as T, its error, and the squared differences from it.
template <int V, class T, class Access>
[[gnu::always_inline]] inline void block_moments(Access at, const T* x, T* mean, T* error, T* squares, Index rows,
                                                 Index stride) {
    constexpr Index L = lanes<T>;
    Batch<T> sums[V], rest[V], square[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sums[v] = at.load(x + v * L);
    for (Index r = 1; r < rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sums[v] += at.load(x + r * stride + v * L);
    const Batch<T> share(T(1) / static_cast<T>(rows));
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
        sums[v] *= share;
        rest[v] = square[v] = Batch<T>(T(0));
    }
    for (Index r = 0; r < rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) {
            const Batch<T> difference = at.load(x + r * stride + v * L) - sums[v];
            rest[v] += difference;
            square[v] = xsimd::fma(difference, difference, square[v]);
        }
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
        at.store(mean + v * L, sums[v]);
        at.store(error + v * L, rest[v]);
        at.store(squares + v * L, square[v]);
    }
}

/// Adds what `more` values have to what `count` values have: Chan, Golub and LeVeque 1979.
[[gnu::always_inline]] inline void join(double count, double& mean, double& squares, double more, double other_mean,
                                        double other_squares) {
    const double difference = other_mean - mean, whole = count + more;
    mean += difference * (more / whole);
    squares += other_squares + difference * difference * (count * more / whole);
}

/// columns <= chunk.
template <class T>
void chunk_moments(const T* x, double* mean, double* squares, Index rows, Index stride, Index columns) {
    constexpr Index L = lanes<T>;
    alignas(64) T part_mean[chunk], part_error[chunk], part_squares[chunk];
    for (Index c = 0; c < columns; ++c) mean[c] = squares[c] = 0;
    for (Index r = 0; r < rows; r += block_rows, x += block_rows * stride) {
        const Index count = smaller(rows - r, block_rows);
        Index c = 0;
        for (; c + 4 * L <= columns; c += 4 * L)
            block_moments<4>(Whole{}, x + c, part_mean + c, part_error + c, part_squares + c, count, stride);
        for (; c + L <= columns; c += L)
            block_moments<1>(Whole{}, x + c, part_mean + c, part_error + c, part_squares + c, count, stride);
        if (c < columns)
            block_moments<1>(First{columns - c}, x + c, part_mean + c, part_error + c, part_squares + c, count, stride);
        const double before = static_cast<double>(r), more = static_cast<double>(count);
        for (c = 0; c < columns; ++c) {
            const double error = static_cast<double>(part_error[c]);
            const double others = static_cast<double>(part_squares[c]) - error * error / more;
            join(before, mean[c], squares[c], more, static_cast<double>(part_mean[c]) + error / more,
                 others < 0 ? 0 : others);
        }
    }
}

template <class T>
void moments(const T* x, double* mean, double* squares, Index rows, Index columns) {
    const Index together = rows_together<T>(columns), wide = together * columns, tall = rows / together;
    if (together == 1 || tall < 4) {
        for (Index c = 0; c < columns; c += chunk)
            chunk_moments(x + c, mean + c, squares + c, rows, columns, smaller(columns - c, chunk));
        return;
    }
    double wide_mean[chunk], wide_squares[chunk];
    chunk_moments(x, wide_mean, wide_squares, tall, wide, wide);
    const Index done = tall * together;
    chunk_moments(x + done * columns, mean, squares, rows - done, columns, columns);
    double count = static_cast<double>(rows - done);
    for (Index r = 0; r < together; ++r, count += static_cast<double>(tall))
        for (Index c = 0; c < columns; ++c)
            join(count, mean[c], squares[c], static_cast<double>(tall), wide_mean[r * columns + c],
                 wide_squares[r * columns + c]);
}

// ---- columns: products ----------------------------------------------------------------------------------------------

template <int V, class T, class Access>
[[gnu::always_inline]] inline void block_products(Access at, const T* x, const T* dy, const T* center, T* sums,
                                                  T* products, Index rows, Index stride) {
    constexpr Index L = lanes<T>;
    Batch<T> middle[V], sum[V], product[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
        middle[v] = at.load(center + v * L);
        sum[v] = product[v] = Batch<T>(T(0));
    }
    for (Index r = 0; r < rows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) {
            const Batch<T> gradient = at.load(dy + r * stride + v * L);
            sum[v] += gradient;
            product[v] = xsimd::fma(gradient, at.load(x + r * stride + v * L) - middle[v], product[v]);
        }
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
        at.store(sums + v * L, sum[v]);
        at.store(products + v * L, product[v]);
    }
}

/// Adds to sums and products; columns <= chunk.
template <class T>
void chunk_products(const T* x, const T* dy, const T* center, double* sums, double* products, Index rows, Index stride,
                    Index columns) {
    constexpr Index L = lanes<T>;
    alignas(64) T part_sums[chunk], part_products[chunk];
    for (Index r = 0; r < rows; r += block_rows) {
        const Index count = smaller(rows - r, block_rows), offset = r * stride;
        const T *values = x + offset, *gradients = dy + offset;
        Index c = 0;
        for (; c + 4 * L <= columns; c += 4 * L)
            block_products<4>(Whole{}, values + c, gradients + c, center + c, part_sums + c, part_products + c, count,
                              stride);
        for (; c + L <= columns; c += L)
            block_products<1>(Whole{}, values + c, gradients + c, center + c, part_sums + c, part_products + c, count,
                              stride);
        if (c < columns)
            block_products<1>(First{columns - c}, values + c, gradients + c, center + c, part_sums + c,
                              part_products + c, count, stride);
        for (c = 0; c < columns; ++c) {
            sums[c] += static_cast<double>(part_sums[c]);
            products[c] += static_cast<double>(part_products[c]);
        }
    }
}

/// The columns' numbers as often as rows are taken together.
template <class T>
struct Repeated {
    T values[chunk] = {};

    Repeated(const T* of, Index together, Index columns) {
        for (Index r = 0; r < together; ++r)
            for (Index c = 0; c < columns; ++c) values[r * columns + c] = of[c];
    }
};

template <class T>
void products(const T* x, const T* dy, const T* center, double* sums, double* products, Index rows, Index columns) {
    for (Index c = 0; c < columns; ++c) sums[c] = products[c] = 0;
    const Index together = rows_together<T>(columns), wide = together * columns, tall = rows / together;
    if (together == 1 || tall < 4) {
        for (Index c = 0; c < columns; c += chunk)
            chunk_products(x + c, dy + c, center + c, sums + c, products + c, rows, columns,
                           smaller(columns - c, chunk));
        return;
    }
    const Repeated<T> wide_center(center, together, columns);
    double wide_sums[chunk] = {}, wide_products[chunk] = {};
    chunk_products(x, dy, wide_center.values, wide_sums, wide_products, tall, wide, wide);
    const Index done = tall * wide;
    chunk_products(x + done, dy + done, center, sums, products, rows - tall * together, columns, columns);
    for (Index r = 0; r < together; ++r)
        for (Index c = 0; c < columns; ++c) {
            sums[c] += wide_sums[r * columns + c];
            products[c] += wide_products[r * columns + c];
        }
}

// ---- columns: elementwise -------------------------------------------------------------------------------------------

template <class T>
void affine_rows(const T* x, const T* center, const T* factor, const T* shift, T* y, Index rows, Index columns) {
    for (Index r = 0; r < rows; ++r, x += columns, y += columns)
        each<T>(columns, [&](auto at, Index c) {
            at.store(y + c, xsimd::fma(at.load(x + c) - at.load(center + c), at.load(factor + c), at.load(shift + c)));
        });
}

template <class T>
void affine(const T* x, const T* center, const T* factor, const T* shift, T* y, Index rows, Index columns) {
    const Index together = rows_together<T>(columns), wide = together * columns, tall = rows / together;
    Index done = 0;
    if (together > 1 && tall >= 4) {
        const Repeated<T> centers(center, together, columns), factors(factor, together, columns),
            shifts(shift, together, columns);
        affine_rows(x, centers.values, factors.values, shifts.values, y, tall, wide);
        done = tall * together;
    }
    affine_rows(x + done * columns, center, factor, shift, y + done * columns, rows - done, columns);
}

template <class T>
void affine_gradient_rows(const T* x, const T* dy, const T* center, const T* factor, const T* slope, const T* shift,
                          T* dx, Index rows, Index columns) {
    for (Index r = 0; r < rows; ++r, x += columns, dy += columns, dx += columns)
        each<T>(columns, [&](auto at, Index c) {
            const Batch<T> bent =
                xsimd::fma(at.load(x + c) - at.load(center + c), at.load(slope + c), at.load(shift + c));
            at.store(dx + c, xsimd::fma(at.load(dy + c), at.load(factor + c), bent));
        });
}

template <class T>
void affine_gradient(const T* x, const T* dy, const T* center, const T* factor, const T* slope, const T* shift, T* dx,
                     Index rows, Index columns) {
    const Index together = rows_together<T>(columns), wide = together * columns, tall = rows / together;
    Index done = 0;
    if (together > 1 && tall >= 4) {
        const Repeated<T> centers(center, together, columns), factors(factor, together, columns),
            slopes(slope, together, columns), shifts(shift, together, columns);
        affine_gradient_rows(x, dy, centers.values, factors.values, slopes.values, shifts.values, dx, tall, wide);
        done = tall * together;
    }
    const Index offset = done * columns;
    affine_gradient_rows(x + offset, dy + offset, center, factor, slope, shift, dx + offset, rows - done, columns);
}

// ---- rows -----------------------------------------------------------------------------------------------------------

/// A sum of vectors that stays accurate: after 64 a lane goes into double.
template <class T>
struct LongSum {
    Batch<T> part = Batch<T>(T(0));
    double whole = 0;
    Index terms = 0;

    [[gnu::always_inline]] void add(const Batch<T>& x) {
        part += x;
        if (++terms == 64) fold();
    }
    void fold() {
        alignas(64) T values[lanes<T>];
        part.store_aligned(values);
        for (Index i = 0; i < lanes<T>; ++i) whole += static_cast<double>(values[i]);
        part = Batch<T>(T(0));
        terms = 0;
    }
    double total() {
        fold();
        return whole;
    }
};

/// Lanes beyond the row must not count, although x - mean is not 0 there.
template <class T>
[[gnu::always_inline]] inline Batch<T> within(Whole, const Batch<T>& x) {
    return x;
}
template <class T>
[[gnu::always_inline]] inline Batch<T> within(First at, const Batch<T>& x) {
    alignas(64) T values[lanes<T>] = {};
    at.store(values, x);
    return Batch<T>::load_aligned(values);
}

/// (x - mean) * scale, where the mean is more exact than a T.
template <class T>
struct Normalizer {
    Batch<T> center, rest, factor;

    Normalizer(double mean, double scale)
        : center(static_cast<T>(mean)), rest(static_cast<T>(static_cast<double>(static_cast<T>(mean)) - mean)),
          factor(static_cast<T>(scale)) {}
    [[gnu::always_inline]] Batch<T> operator()(const Batch<T>& x) const { return (x - center + rest) * factor; }
};

template <class T>
void rows(const T* x, const T* gamma, const T* beta, T* y, double* mean, double* scale, Index rows, Index columns,
          double epsilon) {
    const double n = static_cast<double>(columns);
    for (Index r = 0; r < rows; ++r, x += columns, y += columns) {
        LongSum<T> sum, error, squares;
        each<T>(columns, [&](auto at, Index c) { sum.add(at.load(x + c)); });
        const Batch<T> about(static_cast<T>(sum.total() / n));
        each<T>(columns, [&](auto at, Index c) {
            const Batch<T> difference = within<T>(at, at.load(x + c) - about);
            error.add(difference);
            squares.add(difference * difference);
        });
        const double rest = error.total() / n, variance = squares.total() / n - rest * rest;
        mean[r] = static_cast<double>(about.get(0)) + rest;
        scale[r] = 1 / __builtin_sqrt((variance < 0 ? 0 : variance) + epsilon);
        const Normalizer<T> normalizer(mean[r], scale[r]);
        each<T>(columns, [&](auto at, Index c) {
            Batch<T> value = normalizer(at.load(x + c));
            if (gamma) value *= at.load(gamma + c);
            if (beta) value += at.load(beta + c);
            at.store(y + c, value);
        });
    }
}

template <class T>
void rows_gradient(const T* x, const T* dy, const T* gamma, const double* mean, const double* scale, T* dx,
                   double* dgamma, double* dbeta, Index rows, Index columns) {
    const double n = static_cast<double>(columns);
    for (Index r = 0; r < rows; ++r, x += columns, dy += columns, dx += columns) {
        const Normalizer<T> normalizer(mean[r], scale[r]);
        LongSum<T> sum, product;
        each<T>(columns, [&](auto at, Index c) {
            const Batch<T> normalized = normalizer(at.load(x + c));
            Batch<T> gradient = at.load(dy + c);
            if (gamma) gradient *= at.load(gamma + c);
            sum.add(gradient);
            product.add(gradient * normalized);  // a gradient beyond the row is 0
        });
        const Batch<T> part(static_cast<T>(sum.total() / n)), share(static_cast<T>(product.total() / n));
        each<T>(columns, [&](auto at, Index c) {
            const Batch<T> normalized = normalizer(at.load(x + c));
            Batch<T> gradient = at.load(dy + c);
            if (gamma) gradient *= at.load(gamma + c);
            at.store(dx + c, (gradient - part - normalized * share) * normalizer.factor);
        });
        if (dgamma)
            for (Index c = 0; c < columns; ++c)
                dgamma[c] += static_cast<double>(dy[c]) * ((static_cast<double>(x[c]) - mean[r]) * scale[r]);
        if (dbeta)
            for (Index c = 0; c < columns; ++c) dbeta[c] += static_cast<double>(dy[c]);
    }
}

template <class T>
constexpr NormalizationFunctions<T> functions{moments<T>,         products<T>, affine<T>,
                                              affine_gradient<T>, rows<T>,     rows_gradient<T>};

constexpr Normalization table{functions<float>, functions<double>};

}  // namespace

template <>
const Normalization& family<Normalization, this_isa>() {
    return table;
}

}  // namespace weft::kernels
