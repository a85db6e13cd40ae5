// Pooling, vectorised over the channels, which lie side by side. The forward pass keeps the place of the cell that won:
// to find it again would mean to read all of x, and memory is what these passes wait for.
#include <weft/autograd/kernels/pool2d.hpp>

#include <weft/autograd/kernels/spans.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/kernels/tile.hpp>

#include <cstring>

namespace weft::kernels {
namespace {

using Index = std::int64_t;

inline Index smaller(Index a, Index b) { return a < b ? a : b; }
inline Index larger(Index a, Index b) { return a > b ? a : b; }

// The part of an image that a window sees along one axis.
struct Range {
    Index begin, end;
    Index size() const { return end - begin; }
};

inline Range clipped(Index output, Index stride, Index pad, Index pool, Index extent) {
    const Index begin = output * stride - pad;
    return {larger(begin, 0), smaller(begin + pool, extent)};
}

// Rows of `row_size` elements that make a part worth a thread.
inline Index row_grain(Index row_size) { return larger(1, elementwise_grain / larger(row_size, 1)); }

// Calls body(rows, columns, input, output) for each window of the output rows [begin, end), counted through the batch:
// the window's extents inside the image (Fixed where 2 x 2 or 3 x 3), the offsets of its first cell and of its output.
template <class F>
void for_each_window(const PoolGeometry& g, Index begin, Index end, const F& body) {
    // The windows [whole.begin, whole.end) of a row reach beyond neither end of it.
    const Index room = g.width + g.pad_left - g.pool_width;
    const Index whole_begin = smaller(g.out_width, (g.pad_left + g.stride_width - 1) / g.stride_width);
    const Index whole_end = larger(whole_begin, room < 0 ? 0 : smaller(g.out_width, room / g.stride_width + 1));
    for (Index index = begin; index < end; ++index) {
        const Index image = index / g.out_height, i = index % g.out_height;
        const Range rows = clipped(i, g.stride_height, g.pad_top, g.pool_height, g.height);
        const Index first = (image * g.height + rows.begin) * g.width;
        const auto clipped_windows = [&](Index j, Index last) {
            for (; j < last; ++j) {
                const Range columns = clipped(j, g.stride_width, g.pad_left, g.pool_width, g.width);
                body(rows.size(), columns.size(), (first + columns.begin) * g.channels,
                     (index * g.out_width + j) * g.channels);
            }
        };
        const auto whole_windows = [&](auto row_count, auto column_count) {
            Index input = (first + whole_begin * g.stride_width - g.pad_left) * g.channels;
            Index output = (index * g.out_width + whole_begin) * g.channels;
            for (Index j = whole_begin; j < whole_end; ++j) {
                body(row_count, column_count, input, output);
                input += g.stride_width * g.channels;
                output += g.channels;
            }
        };
        clipped_windows(0, whole_begin);
        if (rows.size() == 2 && g.pool_width == 2)
            whole_windows(Fixed<2>{}, Fixed<2>{});
        else if (rows.size() == 3 && g.pool_width == 3)
            whole_windows(Fixed<3>{}, Fixed<3>{});
        else
            whole_windows(rows.size(), g.pool_width);
        clipped_windows(whole_end, g.out_width);
    }
}

template <class T, class F>
void reduce_windows(const PoolGeometry& g, const F& body) {
    const Index row = g.out_width * g.channels * g.pool_height * g.pool_width;
    parallel_for(g.batch * g.out_height, row_grain(row), [&](Index begin, Index end) {
        for_each_window(g, begin, end, [&](auto rows, auto columns, Index input, Index output) {
            each<T>(g.channels, [&](auto access, Index c) {
                body(access, rows, columns, input + c, output + c);
            });
        });
    });
}

template <class T, bool keep>
void maximum_of(const PoolGeometry& g, const T* x, T* y, T* places) {
    const Index row_stride = g.width * g.channels;
    reduce_windows<T>(g, [&](auto access, auto rows, auto columns, Index input, Index output) {
        const Batch<T> first = access.load(x + input);
        Batch<T> best = first, sum = first, place(T(0));
        const auto each_other_cell = [&](const auto& body) {
            for (Index r = 0; r < rows; ++r)
                for (Index c = r == 0; c < columns; ++c)
                    body(access.load(x + input + r * row_stride + c * g.channels),
                         Batch<T>(static_cast<T>(r * columns + c)));
        };
        each_other_cell([&](const Batch<T>& value, const Batch<T>& here) {
            if (keep) place = xsimd::select(value > best, here, place);
            best = xsimd::max(value, best);
            sum += value;
        });
        // What max makes of a NaN depends on its place. A NaN shows in the sum, and only then is it looked for.
        if (xsimd::any(xsimd::isnan(sum))) {
            best = first, place = Batch<T>(T(0));
            each_other_cell([&](const Batch<T>& value, const Batch<T>& here) {
                const auto wins = (value > best) | (xsimd::isnan(value) & (best == best));  // of several NaN the first
                best = xsimd::select(wins, value, best);
                place = xsimd::select(wins, here, place);
            });
        }
        access.store(y + output, best);
        if (keep) access.store(places + output, place);
    });
}

template <class T>
void maximum(const PoolGeometry& g, const T* x, T* y, T* places) {
    if (places) maximum_of<T, true>(g, x, y, places);
    else maximum_of<T, false>(g, x, y, nullptr);
}

template <class T>
void average(const PoolGeometry& g, const T* x, T* y) {
    const Index row_stride = g.width * g.channels;
    reduce_windows<T>(g, [&](auto access, auto rows, auto columns, Index input, Index output) {
        Batch<T> sum(T(0));
        for (Index r = 0; r < rows; ++r)
            for (Index c = 0; c < columns; ++c)
                sum += access.load(x + input + r * row_stride + c * g.channels);
        access.store(y + output, sum * Batch<T>(T(1) / static_cast<T>(rows * columns)));
    });
}

template <class T>
void maximum_gather(const PoolGeometry& g, const T* places, const T* ddx, T* ddy) {
    const Index row_stride = g.width * g.channels;
    reduce_windows<T>(g, [&](auto access, auto rows, auto columns, Index input, Index output) {
        const Batch<T> place = access.load(places + output);
        Batch<T> found(T(0));
        for (Index r = 0; r < rows; ++r)
            for (Index c = 0; c < columns; ++c) {
                const Batch<T> value = access.load(ddx + input + r * row_stride + c * g.channels);
                found = xsimd::select(place == Batch<T>(static_cast<T>(r * columns + c)), value, found);
            }
        access.store(ddy + output, found);
    });
}

// Writes dx by the windows that touch each cell. Threads own rows of dx, so that nothing is summed across them; a
// window that straddles two threads' rows is seen by both. body(access, rows, columns, input, output, owned, write)
// calls write(cell, value) for the rows in `owned`, counted from the window's first.
template <class T, class F>
void scatter_windows(const PoolGeometry& g, T* dx, const F& body) {
    const Index row_size = g.width * g.channels;
    const bool tiled = g.stride_height == g.pool_height && g.stride_width == g.pool_width;
    const bool overlap = g.stride_height < g.pool_height || g.stride_width < g.pool_width;
    const Index covered_columns = larger(0, smaller(g.width, g.out_width * g.stride_width - g.pad_left));
    const auto zero = [](T* to, Index count) {
        if (count > 0) std::memset(static_cast<void*>(to), 0, static_cast<std::size_t>(count) * sizeof(T));
    };

    const auto rows_of_image = [&](Index image, Range own) {
        T* const rows_begin = dx + image * g.height * row_size;
        // Rows are cleared just before the first window writes to them; what windows tile needs it beyond them only.
        Index cleared = own.begin;
        const auto clear = [&](Index end, Index from_column) {
            for (; cleared < smaller(end, own.end); ++cleared)
                zero(rows_begin + cleared * row_size + from_column * g.channels, (g.width - from_column) * g.channels);
        };
        const Index before = own.begin + g.pad_top - g.pool_height;  // the last window to end at own.begin or earlier
        const Index first = before < 0 ? 0 : before / g.stride_height + 1;
        const Index last = smaller(g.out_height, (own.end - 1 + g.pad_top) / g.stride_height + 1);
        const Index outputs = image * g.out_height;
        for (Index i = first; i < last; ++i) {
            const Range seen = clipped(i, g.stride_height, g.pad_top, g.pool_height, g.height);
            const Range owned{larger(own.begin - seen.begin, 0), smaller(own.end - seen.begin, seen.size())};
            clear(seen.end, tiled ? covered_columns : 0);
            for_each_window(g, outputs + i, outputs + i + 1, [&](auto rows, auto columns, Index input, Index output) {
                each<T>(g.channels, [&](auto access, Index c) {
                    const auto set = [&](Index cell, const Batch<T>& value) { access.store(dx + cell, value); };
                    const auto add = [&](Index cell, const Batch<T>& value) {
                        access.store(dx + cell, access.load(dx + cell) + value);
                    };
                    if (overlap)
                        body(access, rows, columns, input + c, output + c, owned, add);
                    else
                        body(access, rows, columns, input + c, output + c, owned, set);
                });
            });
        }
        clear(own.end, 0);
    };

    parallel_for(g.batch * g.height, row_grain(row_size), [&](Index begin, Index end) {
        while (begin < end) {
            const Index image = begin / g.height, h = begin % g.height;
            const Index count = smaller(end - begin, g.height - h);
            rows_of_image(image, {h, h + count});
            begin += count;
        }
    });
}

template <class T>
void maximum_gradient(const PoolGeometry& g, const T* places, const T* dy, T* dx) {
    const Index row_stride = g.width * g.channels;
    scatter_windows<T>(g, dx, [&](auto access, auto rows, auto columns, Index input, Index output, Range owned,
                                  const auto& write) {
        const Batch<T> place = access.load(places + output), gradient = access.load(dy + output), none(T(0));
        for (Index r = 0; r < rows; ++r) {
            if (r < owned.begin || r >= owned.end) continue;
            for (Index c = 0; c < columns; ++c)
                write(input + r * row_stride + c * g.channels,
                      xsimd::select(place == Batch<T>(static_cast<T>(r * columns + c)), gradient, none));
        }
    });
}

template <class T>
void average_gradient(const PoolGeometry& g, const T* dy, T* dx) {
    const Index row_stride = g.width * g.channels;
    scatter_windows<T>(g, dx, [&](auto access, auto rows, auto columns, Index input, Index output, Range owned,
                                  const auto& write) {
        const Batch<T> share = access.load(dy + output) * Batch<T>(T(1) / static_cast<T>(rows * columns));
        for (Index r = owned.begin; r < owned.end; ++r)
            for (Index c = 0; c < columns; ++c) write(input + r * row_stride + c * g.channels, share);
    });
}

template <class T>
constexpr PoolFunctions<T> functions{maximum<T>, maximum_gradient<T>, maximum_gather<T>, average<T>,
                                     average_gradient<T>};

constexpr Pool2d table{functions<float>, functions<double>};

}  // namespace

template <>
const Pool2d& family<Pool2d, this_isa>() {
    return table;
}

}  // namespace weft::kernels
