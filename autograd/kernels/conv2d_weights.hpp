// The weight gradient as an implicit multiply: a tile's rows are neighbouring weights, whose source elements lie side
// by side under each output pixel, and its long axis is all the output pixels. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/conv2d_window.hpp>
#include <weft/autograd/kernels/pack.hpp>
#include <weft/autograd/kernels/spans.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/kernels/tile.hpp>

#include <utility>

namespace weft::kernels {
namespace {

template <class T>
struct SumArguments {
    Index rows, columns;      // of output pixels
    Index x_row, x_step;      // from one output row or pixel to the next
    Index dy_row, dy_step;
    Index dw_step;            // from one weight of the tile to the next
    Index piece_row;          // from one row of taps to the next
    bool first;               // sums start from zero, else from what dw holds
};

template <class T>
using SumFunction = void (*)(const SumArguments<T>&, const T* x, const T* dy, T* dw);

template <class T, int weights, int vectors>
void sum_products(const SumArguments<T>& s, const T* x, const T* dy, T* dw) {
    Tile<T, weights, vectors> tile;
    if (s.first)
        tile.zero();
    else
        tile.load(dw, s.dw_step);
    for (Index i = 0; i < s.rows; ++i)
        tile.multiply(s.columns, x + i * s.x_row, Fixed<1>{}, s.x_step, dy + i * s.dy_row, s.dy_step);
    tile.store(dw, s.dw_step);
}

/// The nine weights of a 3 x 3 kernel over one channel, which lie side by side only three at a time.
template <class T, int vectors>
void sum_grey_3x3_products(const SumArguments<T>& s, const T* x, const T* dy, T* dw) {
    Tile<T, 3, vectors> top, middle, bottom;
    if (s.first) {
        top.zero();
        middle.zero();
        bottom.zero();
    } else {
        top.load(dw, s.dw_step);
        middle.load(dw + 3 * s.dw_step, s.dw_step);
        bottom.load(dw + 6 * s.dw_step, s.dw_step);
    }
    for (Index i = 0; i < s.rows; ++i) {
        const T* from = x + i * s.x_row;
        const T* gradient = dy + i * s.dy_row;
        for (Index j = 0; j < s.columns; ++j, from += s.x_step, gradient += s.dy_step) {
            Batch<T> row[vectors];
#pragma GCC unroll 4
            for (int v = 0; v < vectors; ++v) row[v] = Batch<T>::load_unaligned(gradient + v * lanes<T>);
            top.add_products(from, Fixed<1>{}, row);
            middle.add_products(from + s.piece_row, Fixed<1>{}, row);
            bottom.add_products(from + 2 * s.piece_row, Fixed<1>{}, row);
        }
    }
    top.store(dw, s.dw_step);
    middle.store(dw + 3 * s.dw_step, s.dw_step);
    bottom.store(dw + 6 * s.dw_step, s.dw_step);
}

constexpr int sum_vectors = 2;
constexpr int grey_sum_vectors = max_sums / 9 < sum_vectors ? max_sums / 9 : sum_vectors;

template <class T>
constexpr int most_weights(int vectors) {
    const int fit = max_sums / vectors, enough = sizeof(T) == 4 ? 24 : 8;  // smaller for float64: less to compile
    return fit < enough ? fit : enough;
}

template <class T>
struct SumRow {
    SumFunction<T> weights[most_weights<T>(1)];
};

template <class T, int vectors, int... i>
constexpr SumRow<T> sum_row(std::integer_sequence<int, i...>) {
    return {{sum_products<T, i + 1, vectors>...}};
}

/// Tiles of one vector and of two, for each number of weights from 1.
template <class T>
constexpr SumRow<T> sums[sum_vectors] = {sum_row<T, 1>(std::make_integer_sequence<int, most_weights<T>(1)>{}),
                                         sum_row<T, 2>(std::make_integer_sequence<int, most_weights<T>(2)>{})};

template <class T>
constexpr SumFunction<T> grey_sums[] = {sum_grey_3x3_products<T, 1>, sum_grey_3x3_products<T, grey_sum_vectors>};

constexpr Index enough_channels = 24;
// Beside a block of dw, a band of the images. Each band loads and stores all of the block.
constexpr Index sum_block_bytes = 640 * 1024, sum_band_bytes = 512 * 1024;

/// How many vectors of output channels go at a time: dw of so many stays in the second-level cache while all bands of
/// the images pass by, and each thread has a block. All of them, if that does not take blocks.
template <class T>
Index block_vectors(const Correlation& c, Index vectors, Index threads) {
    const Index bytes = c.products() * vectors * lanes<T> * static_cast<Index>(sizeof(T));
    if (c.groups > 1 || bytes <= sum_block_bytes) return vectors;
    const Index blocks = rounded_up(rounded_up(bytes, sum_block_bytes), threads) * threads;
    const Index most = rounded_up(rounded_up(vectors, blocks), sum_vectors) * sum_vectors;
    return rounded_up(vectors, most) < threads ? vectors : most;
}

/// The gradient of a band of output rows, as many vectors of each pixel's channels as a block has.
template <class T>
struct BandGradient {
    const T* data;
    Index step;  // from one pixel to the next
};

/// With the channels padded by zeros to whole vectors, [pixels][groups][vectors], or where it lies if these are all of
/// its channels.
template <class T>
BandGradient<T> padded_gradient(const Correlation& c, const T* dy, Index pixels, Range block) {
    constexpr Index L = lanes<T>;
    dy += block.begin * L;
    if (block.size() * L == c.out_depth) return {dy, c.out_channels};
    const Index width = block.size() * L, count = smaller(width, c.out_depth - block.begin * L);
    T* const padded = static_cast<T*>(
        scratch(scratch_conv_c, static_cast<std::size_t>(pixels * c.groups * width) * sizeof(T)));
    pack_rows(pixels * c.groups, width, count, dy, c.out_depth, padded);
    return {padded, c.groups * width};
}

/// The results of a relu after the convolution, and where the gradients that it lets through are summed over the
/// pixels: [groups][whole vectors], in double, for a float that grows loses what it is added.
template <class T>
struct Relu {
    const T* y = nullptr;  // null: there was none
    double* sums = nullptr;
};

/// The same as padded_gradient, with zeros where relu's result was none; y and dy begin with the band.
template <class T>
BandGradient<T> gradient_within_relu(const Correlation& c, const T* dy, const T* y, Index rows, Range block,
                                     double* sums) {
    constexpr Index L = lanes<T>;
    const Index columns = c.columns.count, row = columns * c.out_channels;
    const Index first = block.begin * L, width = block.size() * L, whole = rounded_up(c.out_depth, L) * L;
    T* const padded = static_cast<T*>(
        scratch(scratch_conv_c, static_cast<std::size_t>(rows * columns * c.groups * width) * sizeof(T)));
    T* to_row = padded;
    for (Index i = 0; i < rows; ++i, dy += row, y += row, to_row += columns * c.groups * width)
        for (Index group = 0; group < c.groups; ++group)
            for (Index v = 0; v < width; v += L) {
                const Index count = smaller(L, c.out_depth - first - v);
                Index at = group * c.out_depth + first + v;
                T* to = to_row + group * width + v;
                Batch<T> sum(T(0));
                const auto pass = [&](auto load) {
                    for (Index j = 0; j < columns; ++j, at += c.out_channels, to += c.groups * width) {
                        const Batch<T> zero(T(0)), gradient = xsimd::select(load(y + at) > zero, load(dy + at), zero);
                        gradient.store_unaligned(to);
                        sum += gradient;
                    }
                };
                if (count == L)
                    pass([](const T* from) { return Batch<T>::load_unaligned(from); });
                else
                    pass([count](const T* from) { return load_partial(from, count); });
                alignas(64) T lane[L];
                sum.store_aligned(lane);
                for (Index o = 0; o < L; ++o) sums[group * whole + first + v + o] += lane[o];
            }
    return {padded, c.groups * width};
}

/// A block of dw [groups][kernel positions][depth][whole vectors] from the output rows, counted through the batch.
template <class T>
void sum_weights(const Correlation& c, const T* x, const T* dy, Relu<T> relu, T* dw, Range output_rows, Range block) {
    constexpr Index L = lanes<T>;
    const Index vectors = rounded_up(c.out_depth, L), columns = c.columns.count;
    // Weights that lie side by side under a pixel: a row of taps, whose borders have to be there then; or where there
    // are many channels one tap, whose outputs that see nothing but the border are left out.
    const bool whole_rows = c.columns.step == 1 && c.groups == 1 && c.depth < enough_channels;
    const bool grey_3x3 = c.channels == 1 && c.rows.taps == 3 && c.columns.taps == 3 && c.columns.step == 1;
    const Border border = grey_3x3 ? Border::all : whole_rows ? Border::columns : Border::none;
    const Index pieces = whole_rows ? 1 : c.columns.taps;
    const Index length = whole_rows ? c.columns.taps * c.depth : c.depth;
    const Index row_bytes = (c.rows.stride * c.width * c.channels + columns * c.groups * block.size() * L) *
                            static_cast<Index>(sizeof(T));
    const Index most = larger(1, sum_band_bytes / larger(1, row_bytes));
    SumArguments<T> s;
    s.first = true;
    for_each_band(output_rows.begin, output_rows.end, c.rows.count, most, [&](Index image, Index first, Index last) {
        const Band<T> band = source_band(c, x + image * c.height * c.width * c.channels, first, last, border);
        const Index at = (image * c.rows.count + first) * columns * c.out_channels;
        const BandGradient<T> gradient =
            relu.y ? gradient_within_relu(c, dy + at, relu.y + at, last - first, block, relu.sums)
                   : padded_gradient(c, dy + at, (last - first) * columns, block);
        s.x_row = c.rows.stride * band.row_step;
        s.x_step = c.columns.stride * c.channels;
        s.dy_step = gradient.step;
        s.dy_row = columns * s.dy_step;
        s.dw_step = vectors * L;
        s.piece_row = c.rows.step * band.row_step;
        for (Index group = 0; group < c.groups; ++group) {
            const Index most_at_once = grey_3x3 ? grey_sum_vectors : sum_vectors;
            for (Index v = block.begin; v < block.end; v += most_at_once) {
                const Index width = smaller(most_at_once, block.end - v);
                const T* const from = gradient.data + (group * block.size() + v - block.begin) * L;
                T* to = dw + group * c.products() * s.dw_step + v * L;
                if (grey_3x3) {
                    s.rows = last - first;
                    s.columns = columns;
                    grey_sums<T>[width - 1](s, band.data, from, to);
                    continue;
                }
                const Index parts = rounded_up(length, most_weights<T>(static_cast<int>(width)));
                for (Index r = 0; r < c.rows.taps; ++r) {
                    const Range rows = c.rows.outputs_within(r, band.top - first * c.rows.stride,
                                                             band.bottom - first * c.rows.stride, last - first);
                    s.rows = rows.size();
                    for (Index piece = 0; piece < pieces; ++piece, to += length * s.dw_step) {
                        const Range pixels = whole_rows ? Range{0, columns}
                                                        : c.columns.outputs_within(piece, 0, c.width, columns);
                        s.columns = pixels.size();
                        const T* const under = band.row(c.rows.from(first + rows.begin) + r * c.rows.step) +
                                               piece * c.columns.step * c.channels + pixels.begin * s.x_step +
                                               group * c.depth;
                        const T* const gradients = from + rows.begin * s.dy_row + pixels.begin * s.dy_step;
                        for (Index part = 0, k = 0; part < parts; ++part) {
                            const Index weights = length * (part + 1) / parts - k;
                            sums<T>[width - 1].weights[weights - 1](s, under + k, gradients, to + k * s.dw_step);
                            k += weights;
                        }
                    }
                }
            }
        }
        s.first = false;
    });
}

/// The output channels go in blocks where dw is too large for the cache. Else the rows go in parts, each with a dw of
/// its own; they are summed in order: the result depends on their number alone.
/// With the results y of a relu, dy counts where these are positive, and db [out_channels] is its sum; unless null.
template <class T>
void backward_weights_by_tiles(const ConvGeometry& g, const T* x, const T* y, const T* dy, T* dw, T* db) {
    const Correlation c = forward_correlation(g);
    const Index vectors = rounded_up(c.out_depth, lanes<T>), width = vectors * lanes<T>, products = c.products();
    const Index rows = g.batch * g.out_height;
    if (rows == 0 || g.out_width == 0 || (products == 0 && !db)) {
        std::memset(static_cast<void*>(dw), 0, static_cast<std::size_t>(products * g.out_channels) * sizeof(T));
        if (db) std::memset(static_cast<void*>(db), 0, static_cast<std::size_t>(g.out_channels) * sizeof(T));
        return;
    }
    const Index at_a_time = block_vectors<T>(c, vectors, num_threads()), blocks = rounded_up(vectors, at_a_time);
    const Index grain = product_grain(g.out_width * products * g.out_channels);
    const Index parts = blocks > 1 ? 1 : larger(1, smaller(num_threads(), rows / grain));
    const bool in_place = parts == 1 && c.groups == 1 && width == c.out_depth;
    const Index size = in_place ? 0 : c.groups * products * width, biases = y ? c.groups * width : 0;
    double* const sums_of_bias = static_cast<double*>(
        scratch(scratch_conv_b, static_cast<std::size_t>(parts) * (static_cast<std::size_t>(biases) * sizeof(double) +
                                                                   static_cast<std::size_t>(size) * sizeof(T))));
    T* const sums_of_parts = in_place ? dw : reinterpret_cast<T*>(sums_of_bias + parts * biases);
    for (Index i = 0; i < parts * biases; ++i) sums_of_bias[i] = 0;
    parallel_for(parts * blocks, 1, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) {
            const Index part = i / blocks, first = i % blocks * at_a_time;
            sum_weights<T>(c, x, dy, {y, sums_of_bias + part * biases}, sums_of_parts + part * size,
                           {rows * part / parts, rows * (part + 1) / parts},
                           {first, smaller(vectors, first + at_a_time)});
        }
    });
    for (Index o = 0; db && o < g.out_channels; ++o) {
        double sum = 0;
        for (Index part = 0; part < parts; ++part)
            sum += sums_of_bias[part * biases + o / c.out_depth * width + o % c.out_depth];
        db[o] = static_cast<T>(sum);
    }
    if (in_place) return;
    parallel_for(products, rounded_up(elementwise_grain, g.out_channels), [&](Index begin, Index end) {
        for (Index weight = begin; weight < end; ++weight)
            for (Index group = 0; group < c.groups; ++group) {
                const T* const from = sums_of_parts + (group * products + weight) * width;
                T* const to = dw + weight * g.out_channels + group * c.out_depth;
                each<T>(c.out_depth, [&](auto access, Index o) {
                    Batch<T> sum = access.load(from + o);
                    for (Index part = 1; part < parts; ++part) sum += access.load(from + part * size + o);
                    access.store(to + o, sum);
                });
            }
    });
}

}  // namespace
}  // namespace weft::kernels
