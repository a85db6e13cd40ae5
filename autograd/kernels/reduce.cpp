#include <weft/autograd/kernels/reduce.hpp>

#include <weft/autograd/kernels/joins.hpp>
#include <weft/autograd/kernels/spans.hpp>

namespace weft::kernels {
namespace {

// ---- the last axis --------------------------------------------------------------------------------------------------

/// Eight vectors `stride` apart, joined. Memory comes in faster as eight streams than as one.
template <class Op, class T, class Access>
[[gnu::always_inline]] inline Batch<T> join_eight(Access at, const T* x, std::int64_t stride) {
    const auto two = [=](std::int64_t i) { return Op::join(at.load(x + i * stride), at.load(x + (i + 1) * stride)); };
    return Op::join(Op::join(two(0), two(2)), Op::join(two(4), two(6)));
}

/// Four accumulators, folded into the total before a float among them has summed more than 64 values. What is too long
/// for a cache is read as eight stretches first.
template <class Op, class T>
typename Op::template Total<T> reduce_row(const T* x, std::int64_t n) {
    using Total = typename Op::template Total<T>;
    constexpr std::int64_t L = lanes<T>, block = 4 * 64 * L, shortest_stretch = 16 * 1024 / sizeof(T);
    Total total = Op::template identity<Total>;
    if (const std::int64_t stretch = n / 8 / L * L; stretch >= shortest_stretch) {
        for (std::int64_t i = 0; i < stretch;) {
            const std::int64_t end = i + 64 * L < stretch ? i + 64 * L : stretch;
            Batch<T> sum = join_eight<Op>(Whole{}, x + i, stretch);
            for (i += L; i < end; i += L) sum = Op::join(sum, join_eight<Op>(Whole{}, x + i, stretch));
            total = Op::join(total, static_cast<Total>(across<Op, T>(sum)));
        }
        x += 8 * stretch;
        n -= 8 * stretch;
    }
    for (; n >= 4 * L;) {
        const std::int64_t count = (n < block ? n : block) / (4 * L) * (4 * L);
        Batch<T> a = Batch<T>::load_unaligned(x), b = Batch<T>::load_unaligned(x + L),
                 c = Batch<T>::load_unaligned(x + 2 * L), d = Batch<T>::load_unaligned(x + 3 * L);
        for (std::int64_t i = 4 * L; i < count; i += 4 * L) {
            a = Op::join(a, Batch<T>::load_unaligned(x + i));
            b = Op::join(b, Batch<T>::load_unaligned(x + i + L));
            c = Op::join(c, Batch<T>::load_unaligned(x + i + 2 * L));
            d = Op::join(d, Batch<T>::load_unaligned(x + i + 3 * L));
        }
        total = Op::join(total, static_cast<Total>(across<Op, T>(Op::join(Op::join(a, b), Op::join(c, d)))));
        x += count;
        n -= count;
    }
    if (n <= 0) return total;
    Batch<T> rest = n < L ? First{n}.load(x, Op::template identity<T>) : Batch<T>::load_unaligned(x);
    if (n > L) {
        std::int64_t i = L;
        for (; i + L <= n; i += L) rest = Op::join(rest, Batch<T>::load_unaligned(x + i));
        if (i < n) rest = Op::join(rest, First{n - i}.load(x + i, Op::template identity<T>));
    }
    return Op::join(total, static_cast<Total>(across<Op, T>(rest)));
}

// ---- other axes -----------------------------------------------------------------------------------------------------

constexpr std::int64_t block_rows = 64;       // as many as a float accumulator takes
constexpr std::int64_t chunk_columns = 4096;  // totals kept on the stack at once

/// One block of V vectors of columns, down `rows` rows.
template <class Op, int V, class T, class Access>
[[gnu::always_inline]] inline void reduce_block(Access at, const T* x, T* y, std::int64_t rows, std::int64_t stride) {
    Batch<T> sums[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) sums[v] = at.load(x + v * lanes<T>);
    for (std::int64_t r = 1; r < rows; ++r) {
        x += stride;
#pragma GCC unroll 8
        for (int v = 0; v < V; ++v) sums[v] = Op::join(sums[v], at.load(x + v * lanes<T>));
    }
#pragma GCC unroll 8
    for (int v = 0; v < V; ++v) at.store(y + v * lanes<T>, sums[v]);
}

/// y[0 .. width) = the columns of x reduced, some columns all the way down; rows > 0.
template <class Op, class T>
void reduce_short_rows(const T* x, T* y, std::int64_t rows, std::int64_t stride, std::int64_t width) {
    constexpr std::int64_t L = lanes<T>;
    std::int64_t c = 0;
    for (; c + 8 * L <= width; c += 8 * L) reduce_block<Op, 8>(Whole{}, x + c, y + c, rows, stride);
    if (c + 4 * L <= width) reduce_block<Op, 4>(Whole{}, x + c, y + c, rows, stride), c += 4 * L;
    if (c + 2 * L <= width) reduce_block<Op, 2>(Whole{}, x + c, y + c, rows, stride), c += 2 * L;
    if (c + L <= width) reduce_block<Op, 1>(Whole{}, x + c, y + c, rows, stride), c += L;
    if (c < width) reduce_block<Op, 1>(First{width - c}, x + c, y + c, rows, stride);
}

/// The same eight rows at a time, each along its whole width: memory is read in long stretches, and y seldom.
template <class Op, class T>
void reduce_long_rows(const T* x, T* y, std::int64_t rows, std::int64_t stride, std::int64_t width) {
    std::int64_t r = rows < 8 ? 1 : 8;
    each<T>(width, [&](auto at, std::int64_t c) {
        at.store(y + c, rows < 8 ? at.load(x + c) : join_eight<Op>(at, x + c, stride));
    });
    for (; r + 8 <= rows; r += 8)
        each<T>(width, [&](auto at, std::int64_t c) {
            at.store(y + c, Op::join(at.load(y + c), join_eight<Op>(at, x + r * stride + c, stride)));
        });
    for (; r < rows; ++r)
        each<T>(width, [&](auto at, std::int64_t c) {
            at.store(y + c, Op::join(at.load(y + c), at.load(x + r * stride + c)));
        });
}

template <class Op, class T>
void reduce_rows(const T* x, T* y, std::int64_t rows, std::int64_t stride, std::int64_t width) {
    if (stride * static_cast<std::int64_t>(sizeof(T)) > 4096) reduce_long_rows<Op>(x, y, rows, stride, width);
    else reduce_short_rows<Op>(x, y, rows, stride, width);
}

/// The same for any number of rows, block by block into totals; width <= chunk_columns.
template <class Op, class T, class Total>
void reduce_chunk(const T* x, Total* totals, std::int64_t rows, std::int64_t stride, std::int64_t width) {
    for (std::int64_t c = 0; c < width; ++c) totals[c] = Op::template identity<Total>;
    alignas(64) T part[chunk_columns];
    for (std::int64_t r = 0; r < rows; r += block_rows) {
        const std::int64_t count = rows - r < block_rows ? rows - r : block_rows;
        reduce_rows<Op>(x + r * stride, part, count, stride, width);
        for (std::int64_t c = 0; c < width; ++c) totals[c] = Op::join(totals[c], static_cast<Total>(part[c]));
    }
}

/// Narrow rows are taken several at a time, so many that together they fill whole vectors.
template <class Op, class T>
void reduce_narrow(const T* x, T* y, std::int64_t rows, std::int64_t width, std::int64_t together) {
    using Total = typename Op::template Total<T>;
    const std::int64_t groups = rows / together, done = groups * together;
    Total totals[chunk_columns], rest[4 * lanes<T>];
    reduce_chunk<Op>(x, totals, groups, together * width, together * width);
    reduce_chunk<Op>(x + done * width, rest, rows - done, width, width);
    for (std::int64_t c = 0; c < width; ++c) {
        for (std::int64_t r = 0; r < together; ++r) rest[c] = Op::join(rest[c], totals[r * width + c]);
        y[c] = static_cast<T>(rest[c]);
    }
}

template <class Op, class T>
void reduce_columns(const T* x, T* y, std::int64_t rows, std::int64_t width) {
    constexpr std::int64_t L = lanes<T>;
    if (width < 4 * L && width % L != 0) {
        std::int64_t together = L;
        for (std::int64_t odd = width; odd % 2 == 0; odd /= 2) together /= 2;
        while (together * width < 4 * L) together *= 2;
        if (rows >= 4 * together) return reduce_narrow<Op>(x, y, rows, width, together);
    }
    typename Op::template Total<T> totals[chunk_columns];
    for (std::int64_t c = 0; c < width; c += chunk_columns) {
        const std::int64_t count = width - c < chunk_columns ? width - c : chunk_columns;
        if (rows > 0 && rows <= block_rows) {
            reduce_rows<Op>(x + c, y + c, rows, width, count);
            continue;
        }
        reduce_chunk<Op>(x + c, totals, rows, width, count);
        for (std::int64_t i = 0; i < count; ++i) y[c + i] = static_cast<T>(totals[i]);
    }
}

template <class Op, class T>
void reduce(const T* x, T* y, std::int64_t outer, std::int64_t length, std::int64_t inner) {
    for (std::int64_t o = 0; o < outer; ++o, x += length * inner, y += inner)
        if (inner == 1) *y = static_cast<T>(reduce_row<Op>(x, length));
        else reduce_columns<Op>(x, y, length, inner);
}

template <class Op>
void reduce_integers(const std::int64_t* x, std::int64_t* __restrict y, std::int64_t outer, std::int64_t length,
                     std::int64_t inner) {
    for (std::int64_t o = 0; o < outer; ++o, x += length * inner, y += inner) {
        if (inner == 1) {
            std::int64_t total = Op::template identity<std::int64_t>;
            for (std::int64_t i = 0; i < length; ++i) total = Op::join(total, x[i]);
            *y = total;
            continue;
        }
        for (std::int64_t c = 0; c < inner; ++c) y[c] = Op::template identity<std::int64_t>;
        for (std::int64_t r = 0; r < length; ++r)
            for (std::int64_t c = 0; c < inner; ++c) y[c] = Op::join(y[c], x[r * inner + c]);
    }
}

template <class Op>
constexpr Reduction reduction_of{reduce<Op, float>, reduce<Op, double>, reduce_integers<Op>};

// ---- where the extreme is -------------------------------------------------------------------------------------------

/// The first i with x[i] == value, or NaN if value is; there is one.
template <class T>
std::int64_t find(const T* x, T value) {
    std::int64_t i = 0;
    if (value != value) {
        while (x[i] == x[i]) ++i;
        return i;
    }
    while (x[i] != value) ++i;
    return i;
}

template <class T>
std::int64_t find_within(const T* x, T value, std::int64_t n) {
    const Batch<T> all(value);
    std::int64_t i = 0;
    if (value == value)
        while (i + lanes<T> <= n && !xsimd::any(Batch<T>::load_unaligned(x + i) == all)) i += lanes<T>;
    else
        while (i + lanes<T> <= n && !xsimd::any(xsimd::isnan(Batch<T>::load_unaligned(x + i)))) i += lanes<T>;
    return i + find(x + i, value);
}

/// The extreme of one piece after another; only a piece that holds a new one is searched.
template <class Op, class T>
std::int64_t arg_row(const T* x, std::int64_t n) {
    constexpr std::int64_t piece = 4096;
    T best = *x;
    std::int64_t index = 0;
    for (std::int64_t i = 0; i < n && best == best; i += piece) {
        const std::int64_t count = n - i < piece ? n - i : piece;
        const T here = static_cast<T>(reduce_row<Op>(x + i, count));
        if (Op::join(best, here) == best) continue;
        best = here;
        index = i + find_within(x + i, best, count);
    }
    return index;
}

/// Lane by lane, the row of the extreme; its number is carried as the bits of a T.
template <class Op, class T, class Access>
[[gnu::always_inline]] inline void arg_block(Access at, const T* x, std::int64_t* y, std::int64_t count,
                                             std::int64_t rows, std::int64_t stride) {
    using Index = xsimd::as_integer_t<T>;
    Batch<T> best = at.load(x), where = xsimd::bitwise_cast<Batch<T>>(Bits<T>(Index(0)));
    Bits<T> row(Index(0));
    for (std::int64_t r = 1; r < rows; ++r) {
        row += Bits<T>(Index(1));
        const Batch<T> value = at.load(x + r * stride), joined = Op::join(best, value);
        // What changed is new, unless it was and is NaN.
        const auto keep = (joined == best) || xsimd::isnan(best);
        where = xsimd::select(keep, where, xsimd::bitwise_cast<Batch<T>>(row));
        best = joined;
    }
    alignas(64) Index rows_found[lanes<T>];
    xsimd::bitwise_cast<Bits<T>>(where).store_aligned(rows_found);
    for (std::int64_t i = 0; i < count; ++i) y[i] = rows_found[i];
}

template <class Op, class T>
void arg_columns(const T* x, std::int64_t* y, std::int64_t rows, std::int64_t width) {
    if (rows > INT32_MAX) {  // more than a float's bits count
        for (std::int64_t c = 0; c < width; ++c) {
            T best = x[c];
            y[c] = 0;
            for (std::int64_t r = 1; r < rows && best == best; ++r) {
                const T joined = Op::join(best, x[r * width + c]);
                if (joined != best) best = joined, y[c] = r;
            }
        }
        return;
    }
    std::int64_t c = 0;
    for (; c + lanes<T> <= width; c += lanes<T>) arg_block<Op>(Whole{}, x + c, y + c, lanes<T>, rows, width);
    if (c < width) arg_block<Op>(First{width - c}, x + c, y + c, width - c, rows, width);
}

template <class Op, class T>
void arg(const T* x, std::int64_t* y, std::int64_t outer, std::int64_t length, std::int64_t inner) {
    for (std::int64_t o = 0; o < outer; ++o, x += length * inner, y += inner)
        if (inner == 1) *y = arg_row<Op>(x, length);
        else arg_columns<Op>(x, y, length, inner);
}

template <class Op>
void arg_integers(const std::int64_t* x, std::int64_t* y, std::int64_t outer, std::int64_t length,
                  std::int64_t inner) {
    for (std::int64_t o = 0; o < outer; ++o, x += length * inner, y += inner)
        for (std::int64_t c = 0; c < inner; ++c) {
            std::int64_t best = 0;
            for (std::int64_t r = 1; r < length; ++r)
                if (Op::join(x[best * inner + c], x[r * inner + c]) != x[best * inner + c]) best = r;
            y[c] = best;
        }
}

template <class Op>
constexpr ArgReduction arg_reduction_of{arg<Op, float>, arg<Op, double>, arg_integers<Op>};

// ---- over everything ------------------------------------------------------------------------------------------------

template <class T>
double sum_of_squares(const T* x, std::int64_t n) {
    constexpr std::int64_t L = lanes<double>, step = 64;
    Batch<double> sums[4] = {Batch<double>(0.), Batch<double>(0.), Batch<double>(0.), Batch<double>(0.)};
    std::int64_t i = 0;
    for (; i + step <= n; i += step) {
        alignas(64) double wide[step];
        for (std::int64_t j = 0; j < step; ++j) wide[j] = x[i + j];
#pragma GCC unroll 8
        for (std::int64_t j = 0; j < step; j += 4 * L) {
#pragma GCC unroll 4
            for (int v = 0; v < 4; ++v) {
                const auto value = Batch<double>::load_aligned(wide + j + v * L);
                sums[v] = xsimd::fma(value, value, sums[v]);
            }
        }
    }
    double total = across<Sum, double>((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (; i < n; ++i) total += static_cast<double>(x[i]) * x[i];
    return total;
}

/// x * 0 is 0 unless x is infinite or NaN.
template <class T>
bool all_finite(const T* x, std::int64_t n) {
    const Batch<T> zero(T(0));
    Batch<T> a = zero, b = zero;
    constexpr std::int64_t L = lanes<T>;
    std::int64_t i = 0;
    for (; i + 2 * L <= n; i += 2 * L) {
        a = xsimd::fma(Batch<T>::load_unaligned(x + i), zero, a);
        b = xsimd::fma(Batch<T>::load_unaligned(x + i + L), zero, b);
    }
    each<T>(n - i, [&](auto at, std::int64_t j) { a = xsimd::fma(at.load(x + i + j), zero, a); });
    return xsimd::all((a + b) == zero);
}

constexpr Reduce table{
    .sum = reduction_of<Sum>,
    .maximum = reduction_of<Maximum>,
    .minimum = reduction_of<Minimum>,
    .product = reduction_of<Product>,
    .argmax = arg_reduction_of<Maximum>,
    .argmin = arg_reduction_of<Minimum>,
    .sum_of_squares_f32 = sum_of_squares<float>,
    .sum_of_squares_f64 = sum_of_squares<double>,
    .all_finite_f32 = all_finite<float>,
    .all_finite_f64 = all_finite<double>,
};

}  // namespace

template <>
const Reduce& family<Reduce, this_isa>() {
    return table;
}

}  // namespace weft::kernels
