// Correlation as an implicit multiply: the left side's rows are the windows of neighbouring pixels, read where they
// stand in the image. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/conv2d_few.hpp>
#include <weft/autograd/kernels/pack.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/kernels/tile.hpp>

#include <utility>

namespace weft::kernels {
namespace {

// ---- The register tile: neighbouring pixels of an output row x vectors of output channels.

/// A window as the pieces that are contiguous in the source: for undilated, ungrouped kernels a whole row of taps.
struct Pieces {
    Index rows, row_step;
    Index columns, column_step;
    Index length;
};

template <class T>
struct TileArguments {
    Pieces pieces;
    Index pixel_step;    // between the windows of neighbouring outputs
    const T* weights;    // the panel, [products][vectors * lanes]
    const T* bias;       // padded to whole vectors
    Index out_step;      // between neighbouring outputs
    Index last;          // lanes of the last vector that exist
    bool relu;
    bool left, right;    // edge_window: the first pixel's first tap (the last pixel's last) lies outside the image
};

template <class T>
using TileFunction = void (*)(const TileArguments<T>&, const T* source, T* out);

template <class T, int pixels, int vectors>
[[gnu::always_inline]] inline void finish_tile(const TileArguments<T>& t, Tile<T, pixels, vectors>& tile, T* out) {
    if (t.relu) tile.relu();
    if (t.last == lanes<T>)
        tile.store(out, t.out_step);
    else
        tile.store(out, t.out_step, t.last);
}

template <class T, int pixels, int vectors>
void any_window(const TileArguments<T>& t, const T* source, T* out) {
    Tile<T, pixels, vectors> tile;
    tile.load(t.bias, 0);
    const T* weights = t.weights;
    const Pieces p = t.pieces;
    for (Index r = 0; r < p.rows; ++r)
        for (Index c = 0; c < p.columns; ++c) {
            tile.multiply(p.length, source + r * p.row_step + c * p.column_step, t.pixel_step, Fixed<1>{}, weights,
                          Fixed<tile.columns>{});
            weights += p.length * tile.columns;
        }
    finish_tile(t, tile, out);
}

/// sum[first .. last) += products of k steps; the other pixels' taps lie outside the image.
template <int first, int last, class T, int pixels, int vectors>
[[gnu::always_inline]] inline void multiply_some(Tile<T, pixels, vectors>& tile, Index k, const T* source,
                                                 Index pixel_step, const T* weights) {
    for (; k > 0; --k, ++source, weights += tile.columns) {
        Batch<T> row[vectors];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) row[v] = Batch<T>::load_aligned(weights + v * lanes<T>);
#pragma GCC unroll 32
        for (int i = first; i < last; ++i) {
            const Batch<T> x(source[i * pixel_step]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; ++v) tile.sum[i][v] = xsimd::fma(x, row[v], tile.sum[i][v]);
        }
    }
}

/// A tile at the ends of a row under 'same' padding by one column, straight from the image: no border needs copying,
/// and nothing is multiplied by it.
template <class T, int pixels, int vectors>
void edge_window(const TileArguments<T>& t, const T* source, T* out) {
    Tile<T, pixels, vectors> tile;
    tile.load(t.bias, 0);
    const T* weights = t.weights;
    const Index depth = t.pieces.column_step, inner = t.pieces.length - (t.left + t.right) * depth;
    for (Index r = 0; r < t.pieces.rows; ++r) {
        const T* from = source + r * t.pieces.row_step;
        if (t.left) {
            multiply_some<1, pixels>(tile, depth, from, t.pixel_step, weights);
            weights += depth * tile.columns;
            from += depth;
        }
        tile.multiply(inner, from, t.pixel_step, Fixed<1>{}, weights, Fixed<tile.columns>{});
        weights += inner * tile.columns;
        if (t.right) {
            multiply_some<0, pixels - 1>(tile, depth, from + inner, t.pixel_step, weights);
            weights += depth * tile.columns;
        }
    }
    finish_tile(t, tile, out);
}

/// One source channel, 3 x 3 taps, neighbouring windows one element apart (the first layer on grey images): the weights
/// stay in registers while a whole output row of `count` pixels passes by, a few at a time.
template <class T, int pixels, int vectors>
void grey_3x3_row(const TileArguments<T>& t, const T* source, T* out, Index count, Index tap_step) {
    Batch<T> weights[9][vectors];
#pragma GCC unroll 9
    for (Index tap = 0; tap < 9; ++tap)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v)
            weights[tap][v] = Batch<T>::load_aligned(t.weights + tap * tap_step + v * lanes<T>);
    const auto step = [&](auto& tile, Index j) {
        tile.load(t.bias, 0);
#pragma GCC unroll 3
        for (Index r = 0; r < 3; ++r)
#pragma GCC unroll 3
            for (Index c = 0; c < 3; ++c)
                tile.add_products(source + j + r * t.pieces.row_step + c, Fixed<1>{}, weights[r * 3 + c]);
        finish_tile(t, tile, out + j * t.out_step);
    };
    Index j = 0;
    for (; j + pixels <= count; j += pixels) {
        Tile<T, pixels, vectors> tile;
        step(tile, j);
    }
    for (; j < count; ++j) {
        Tile<T, 1, vectors> tile;
        step(tile, j);
    }
}

/// Vectors whose nine weights fit the registers, and pixels beside them.
constexpr int grey_vectors = max_sums >= 24 ? 2 : 1;
constexpr int grey_pixels = max_sums >= 24 ? 2 : 4;

/// The same for a panel of `width` vectors.
template <class T>
void grey_3x3_panel(TileArguments<T> t, const T* source, T* out, Index count, Index width) {
    const Index tap_step = width * lanes<T>, last = t.last;
    for (Index v = 0; v < width; v += grey_vectors) {
        t.last = v + grey_vectors < width ? lanes<T> : last;
        if (width - v >= grey_vectors)
            grey_3x3_row<T, grey_pixels, grey_vectors>(t, source, out, count, tap_step);
        else
            grey_3x3_row<T, grey_pixels * grey_vectors, 1>(t, source, out, count, tap_step);
        t.weights += grey_vectors * lanes<T>;
        t.bias += grey_vectors * lanes<T>;
        out += grey_vectors * lanes<T>;
    }
}

constexpr int most_vectors = 2;

/// float64 is for checking gradients: smaller tiles, and no special ones, halve the time to compile all this.
template <class T>
constexpr bool is_single = sizeof(T) == 4;

/// The addresses of more than 14 pixels would not fit the registers.
template <class T>
constexpr int most_pixels(int vectors) {
    const int fit = max_sums / vectors, enough = is_single<T> ? 14 : 8;
    return fit < enough ? fit : enough;
}

/// Tiles for each number of pixels, from 1.
template <class T>
struct TileRow {
    TileFunction<T> any[most_pixels<T>(1)], edge[most_pixels<T>(1)];
};

template <class T, int vectors, int... i>
constexpr TileRow<T> tile_row(std::integer_sequence<int, i...>) {
    if constexpr (is_single<T>)
        return {{any_window<T, i + 1, vectors>...},
                {edge_window<T, i + 1, vectors>...}};
    else
        return {{any_window<T, i + 1, vectors>...}, {}};
}

/// Tiles of one vector and of two.
template <class T>
constexpr TileRow<T> tiles[most_vectors] = {tile_row<T, 1>(std::make_integer_sequence<int, most_pixels<T>(1)>{}),
                                            tile_row<T, 2>(std::make_integer_sequence<int, most_pixels<T>(2)>{})};

// ---- Weights, packed once a call into panels of most_vectors vectors of output channels:
// [group][panel][products][..].

/// In whole vectors: what is packed behind it begins with a vector, too.
template <class T>
Index packed_size(const Correlation& c) {
    if (goes_to_few<T>(c)) return rounded_up(c.products() * c.out_depth, lanes<T>) * lanes<T>;
    return c.groups * c.products() * rounded_up(c.out_depth, lanes<T>) * lanes<T>;
}

template <class T>
void pack_weights(const Correlation& c, const WeightSteps& steps, const T* w, T* packed) {
    if (goes_to_few<T>(c)) return pack_weights_to_few(c, steps, w, packed);
    constexpr Index L = lanes<T>;
    const Index vectors = rounded_up(c.out_depth, L), panels = rounded_up(vectors, most_vectors);
    const Index grain = rounded_up(elementwise_grain, larger(1, c.products() * most_vectors * L));
    parallel_for(c.groups * panels, grain, [&](Index begin, Index end) {
        for (Index index = begin; index < end; ++index) {
            const Index group = index / panels, panel = index % panels;
            const Index first = panel * most_vectors * L;
            const Index width = smaller(most_vectors, vectors - panel * most_vectors) * L;
            const Index count = smaller(width, c.out_depth - first);
            const T* const from = w + group * steps.group + first * steps.destination;
            T* to = packed + (group * vectors * L + first) * c.products();
            for (Index u = 0; u < c.rows.taps; ++u)
                for (Index v = 0; v < c.columns.taps; ++v) {
                    const Index r = c.rows.kernel_begin + u * c.rows.kernel_step;
                    const Index s = c.columns.kernel_begin + v * c.columns.kernel_step;
                    const T* const tap = from + (r * steps.kernel_width + s) * steps.position;
                    if (steps.destination == 1)
                        pack_rows(c.depth, width, count, tap, steps.source, to);
                    else
                        pack_transposed(c.depth, width, count, tap, steps.destination, to);
                    to += c.depth * width;
                }
        }
    });
}

// ---- The loops around the tile.

constexpr Index band_bytes = 128 * 1024;

/// Output rows [begin, end), counted through the batch as if each image had `unit` of them (rows beyond the
/// correlation's own count are skipped). `bias` is padded: [groups][whole vectors].
template <class T>
void correlate(const Correlation& c, const T* source, const T* packed, const T* bias, bool relu, T* destination,
               Index unit, Index begin, Index end) {
    if (goes_to_few<T>(c)) return correlate_to_few(c, source, packed, bias, relu, destination, unit, begin, end);
    constexpr Index L = lanes<T>;
    const Index vectors = rounded_up(c.out_depth, L), columns = c.columns.count;
    const bool whole_rows = c.columns.step == 1 && c.groups == 1;
    const bool grey_3x3 = c.channels == 1 && c.rows.taps == 3 && c.columns.taps == 3 && c.columns.step == 1 &&
                          c.columns.stride == 1;
    const Index beyond_left = -c.columns.from(0), beyond_right = c.columns.to(columns - 1) - c.width;
    const bool edges = is_single<T> && whole_rows && !grey_3x3 && c.columns.taps > 1 && beyond_left <= 1 &&
                       beyond_right <= 1 && (beyond_left == 1 || beyond_right == 1);
    const Border border = grey_3x3 ? Border::all : edges ? Border::none : Border::columns;
    for_each_band(begin, end, unit, band_rows<T>(c, band_bytes), [&](Index image, Index first, Index last) {
        last = smaller(last, c.rows.count);
        if (first >= last) return;
        const Band<T> band = source_band(c, source + image * c.height * c.width * c.channels, first, last, border);
        TileArguments<T> t;
        t.pieces = {0, c.rows.step * band.row_step, whole_rows ? 1 : c.columns.taps, c.columns.step * c.channels,
                    whole_rows ? c.columns.taps * c.depth : c.depth};
        t.pixel_step = c.columns.stride * c.channels;
        t.out_step = c.columns.spacing * c.out_channels;
        t.relu = relu;
        // Pixels and whole rows are left out: the processor does not foresee the ones of the next row.
        const bool skips = c.rows.taps == 1 && c.columns.stride > 1;
        for (Index group = 0; group < c.groups; ++group)
            for (Index v = 0; v < vectors; v += most_vectors) {
                const Index width = smaller(most_vectors, vectors - v);
                const T* const panel = packed + (group * vectors + v) * L * c.products();
                const Index tap_row = c.columns.taps * c.depth * width * L;
                t.bias = bias + (group * vectors + v) * L;
                t.last = smaller(L, c.out_depth - (v + width - 1) * L);
                const TileRow<T>& tile = tiles<T>[width - 1];
                const Index parts = rounded_up(columns, most_pixels<T>(static_cast<int>(width)));
                for (Index i = first; i < last; ++i) {
                    const Range taps = c.rows.taps_within(i, band.top, band.bottom);
                    t.pieces.rows = taps.size();
                    t.weights = panel + taps.begin * tap_row;
                    const T* const from = band.row(c.rows.from(i) + taps.begin * c.rows.step) + group * c.depth;
                    const Index out_row = image * c.out_height + c.rows.first + i * c.rows.spacing;
                    T* const to = destination + (out_row * c.out_width + c.columns.first) * c.out_channels +
                                  group * c.out_depth + v * L;
                    if (skips && v == 0 && i + 1 < last) {
                        const T* const next = from + c.rows.stride * band.row_step;
                        for (Index j = 0; j < columns; ++j) __builtin_prefetch(next + j * t.pixel_step);
                    }
                    if (grey_3x3) {
                        grey_3x3_panel(t, from, to, columns, width);
                        continue;
                    }
                    for (Index part = 0, j = 0; part < parts; ++part) {
                        const Index pixels = columns * (part + 1) / parts - j;
                        t.left = edges && part == 0 && beyond_left == 1;
                        t.right = edges && part == parts - 1 && beyond_right == 1;
                        const TileFunction<T>* const by_pixels = t.left || t.right ? tile.edge : tile.any;
                        by_pixels[pixels - 1](t, from + j * t.pixel_step, to + j * t.out_step);
                        j += pixels;
                    }
                }
            }
    });
}

/// The bias (or zeros) padded to whole vectors, in the given memory of groups * whole vectors.
template <class T>
void pad_bias(const Correlation& c, const T* bias, T* padded) {
    const Index width = rounded_up(c.out_depth, lanes<T>) * lanes<T>;
    for (Index group = 0; group < c.groups; ++group)
        for (Index i = 0; i < width; ++i)
            padded[group * width + i] = bias && i < c.out_depth ? bias[group * c.out_depth + i] : T(0);
}

template <class T>
void forward_by_tiles(const ConvGeometry& g, const T* x, const T* w, const T* bias, Epilogue epilogue, T* y) {
    const Correlation c = forward_correlation(g);
    const Index bias_size = c.groups * rounded_up(c.out_depth, lanes<T>) * lanes<T>;
    T* const padded = static_cast<T*>(
        scratch(scratch_conv_b, static_cast<std::size_t>(bias_size + packed_size<T>(c)) * sizeof(T)));
    T* const packed = padded + bias_size;
    pad_bias(c, bias, padded);
    pack_weights(c, forward_weights(g), w, packed);
    const Index grain = product_grain(c.columns.count * c.products() * c.out_channels);
    parallel_for(g.batch * g.out_height, grain, [&](Index begin, Index end) {
        correlate(c, x, packed, padded, epilogue == Epilogue::relu, y, g.out_height, begin, end);
    });
}

template <class T>
void backward_data_by_tiles(const ConvGeometry& g, const T* dy, const T* w, T* dx) {
    const Index phases = gradient_phases(g);
    bool gaps = false;  // inputs that no tap reads
    const Index bias_size = g.groups * rounded_up(g.in_channels / g.groups, lanes<T>) * lanes<T>;
    Index size = bias_size;
    for (Index phase = 0; phase < phases; ++phase) {
        const Correlation c = gradient_correlation(g, phase);
        size += packed_size<T>(c);
        gaps = gaps || c.products() == 0;
    }
    T* const zeros = static_cast<T*>(scratch(scratch_conv_b, static_cast<std::size_t>(size) * sizeof(T)));
    pad_bias<T>(gradient_correlation(g, 0), nullptr, zeros);
    T* packed = zeros + bias_size;
    for (Index phase = 0; phase < phases; ++phase) {
        const Correlation c = gradient_correlation(g, phase);
        pack_weights(c, gradient_weights(g), w, packed);
        packed += packed_size<T>(c);
    }
    const Index unit = rounded_up(g.height, g.stride_height);
    const Index products = g.kernel_height * g.kernel_width * g.in_channels / g.groups * g.out_channels;
    const auto correlate_phases = [&](Index begin, Index end) {
        const T* weights = zeros + bias_size;
        for (Index phase = 0; phase < phases; ++phase) {
            const Correlation c = gradient_correlation(g, phase);
            if (c.products() > 0) correlate<T>(c, dy, weights, zeros, false, dx, unit, begin, end);
            weights += packed_size<T>(c);
        }
    };
    parallel_for(g.batch * unit, product_grain(products * g.width / g.stride_width), [&](Index begin, Index end) {
        if (!gaps) return correlate_phases(begin, end);
        const Index row = g.width * g.in_channels, size_of_row = row * static_cast<Index>(sizeof(T));
        const Index most = larger(1, band_bytes / larger(1, g.stride_height * size_of_row));
        for_each_band(begin, end, unit, most, [&](Index image, Index first, Index last) {
            const Index top = first * g.stride_height, bottom = smaller(g.height, last * g.stride_height);
            std::memset(static_cast<void*>(dx + (image * g.height + top) * row), 0,
                        static_cast<std::size_t>((bottom - top) * size_of_row));
            correlate_phases(image * unit + first, image * unit + last);
        });
    });
}

}  // namespace
}  // namespace weft::kernels
