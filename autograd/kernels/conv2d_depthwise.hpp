// Depthwise convolution: one filter for each channel, vectorised over the channels. No products are shared, so there is
// nothing to pack. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/conv2d_window.hpp>
#include <weft/autograd/kernels/spans.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/kernels/tile.hpp>

namespace weft::kernels {
namespace {

/// The taps of an output: how many, and the steps from one to the next in the source and among the weights.
struct DepthwiseTaps {
    Index rows, row_step, weight_row_step;
    Index columns, column_step, weight_column_step;
    Index pixel_step;  // from one output's source to the next one's
    Index out_step;
    bool relu;
};

/// `pixels` neighbouring outputs of some vectors of channels, from their first tap and its weights; no bias if null.
template <int pixels, int vectors, class T, class Access>
[[gnu::always_inline]] inline void depthwise_pixels(const DepthwiseTaps& taps, Access access,
                                                    const T* __restrict source, const T* __restrict w, const T* bias,
                                                    T* __restrict out) {
    constexpr Index L = lanes<T>;
    Batch<T> sum[pixels][vectors];
#pragma GCC unroll 8
    for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v) sum[p][v] = bias ? access.load(bias + v * L) : Batch<T>(T(0));
    const Index pixel_step = taps.pixel_step;
    for (Index r = 0; r < taps.rows; ++r, source += taps.row_step, w += taps.weight_row_step) {
        const T* from = source;
        const T* weights = w;
        for (Index c = 0; c < taps.columns; ++c, from += taps.column_step, weights += taps.weight_column_step) {
            Batch<T> weight[vectors];
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v) weight[v] = access.load(weights + v * L);
#pragma GCC unroll 8
            for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 2
                for (int v = 0; v < vectors; ++v)
                    sum[p][v] = xsimd::fma(access.load(from + p * pixel_step + v * L), weight[v], sum[p][v]);
        }
    }
    const Batch<T> zero(T(0));
#pragma GCC unroll 8
    for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; ++v)
            access.store(out + p * taps.out_step + v * L, taps.relu ? xsimd::max(zero, sum[p][v]) : sum[p][v]);
}

/// Output rows [begin, end), counted through the batch as if each image had `unit` of them.
template <class T>
void correlate_depthwise(const Correlation& c, Index kernel_width, const T* source, const T* w, const T* bias,
                         bool relu, T* destination, Index unit, Index begin, Index end) {
    constexpr int pixels = 4;
    // Outputs all of whose taps lie inside the image.
    const Index columns = c.columns.count;
    const Range whole{c.columns.outputs_within(0, 0, c.width, columns).begin,
                      c.columns.outputs_within(larger(0, c.columns.taps - 1), 0, c.width, columns).end};
    for_each_band(begin, end, unit, band_rows<T>(c, 128 * 1024), [&](Index image, Index first, Index last) {
        last = smaller(last, c.rows.count);
        if (first >= last) return;
        const Index image_size = c.height * c.width * c.channels;
        const Band<T> band = source_band(c, source + image * image_size, first, last, Border::none);
        const Index kernel_row = kernel_width * c.channels;
        DepthwiseTaps taps;
        taps.row_step = c.rows.step * band.row_step;
        taps.weight_row_step = c.rows.kernel_step * kernel_row;
        taps.column_step = c.columns.step * c.channels;
        taps.weight_column_step = c.columns.kernel_step * c.channels;
        taps.pixel_step = c.columns.stride * c.channels;
        taps.out_step = c.columns.spacing * c.channels;
        taps.relu = relu;
        for (Index i = first; i < last; ++i) {
            const Range within = c.rows.taps_within(i, band.top, band.bottom);
            taps.rows = within.size();
            const T* const from = band.row(c.rows.from(i) + within.begin * c.rows.step);
            const T* const weights = w + (c.rows.kernel_begin + within.begin * c.rows.kernel_step) * kernel_row +
                                     c.columns.kernel_begin * c.channels;
            T* const to = destination + ((image * c.out_height + c.rows.first + i * c.rows.spacing) * c.out_width +
                                         c.columns.first) * c.channels;
            const auto pixels_at = [&](auto count, Index j, Range inside) {
                taps.columns = inside.size();
                const T* const first_tap = from + j * taps.pixel_step + inside.begin * taps.column_step;
                const T* const first_weight = weights + inside.begin * taps.weight_column_step;
                T* const out = to + j * taps.out_step;
                Index k = 0;
                for (; k + 2 * lanes<T> <= c.channels; k += 2 * lanes<T>)
                    depthwise_pixels<static_cast<int>(count), 2>(taps, Whole{}, first_tap + k, first_weight + k,
                                                                 bias ? bias + k : nullptr, out + k);
                each<T>(c.channels - k, [&](auto access, Index rest) {
                    const Index at = k + rest;
                    depthwise_pixels<static_cast<int>(count), 1>(taps, access, first_tap + at, first_weight + at,
                                                                 bias ? bias + at : nullptr, out + at);
                });
            };
            Index j = 0;
            while (j < columns) {
                if (j >= whole.begin && j + pixels <= whole.end) {
                    pixels_at(Fixed<pixels>{}, j, {0, c.columns.taps});
                    j += pixels;
                } else {
                    pixels_at(Fixed<1>{}, j, c.columns.taps_within(j, 0, c.width));
                    ++j;
                }
            }
        }
    });
}

template <class T>
void forward_depthwise(const ConvGeometry& g, const T* x, const T* w, const T* bias, Epilogue epilogue, T* y) {
    const Correlation c = forward_correlation(g);
    const Index grain = product_grain(g.out_width * c.products() * g.out_channels);
    parallel_for(g.batch * g.out_height, grain, [&](Index begin, Index end) {
        correlate_depthwise(c, g.kernel_width, x, w, bias, epilogue == Epilogue::relu, y, g.out_height, begin, end);
    });
}

template <class T>
void backward_data_depthwise(const ConvGeometry& g, const T* dy, const T* w, T* dx) {
    const Index unit = rounded_up(g.height, g.stride_height);
    const Index products = g.kernel_height * g.kernel_width * g.in_channels;
    parallel_for(g.batch * unit, product_grain(products * g.width / g.stride_width), [&](Index begin, Index end) {
        for (Index phase = 0; phase < gradient_phases(g); ++phase)
            correlate_depthwise<T>(gradient_correlation(g, phase), g.kernel_width, dy, w, nullptr, false, dx, unit,
                                   begin, end);
    });
}

constexpr Index taps_together = 3;

/// Neighbouring taps of one kernel row, and what they see of the band of an image.
struct DepthwiseSums {
    Range rows;                   // of outputs
    Range shared;                 // the pixels of a row that all of the taps see
    Range pixels[taps_together];  // the pixels that each sees
    Index x_first;                // what the first tap of pixel 0 of the first row sees, perhaps outside the image
    Index x_row_step, dy_row_step, x_step, dy_step, tap_step;
};

/// to[tap][channels] += the sums. A value of dy serves all the taps. With one vector of channels two pixels are summed
/// apart, since one sum would wait for itself; with several, memory is read in longer pieces.
template <int taps, int vectors, class T, class Access>
void sum_taps(const DepthwiseSums& s, Access access, const T* x, const T* dy, T* to) {
    constexpr Index L = lanes<T>;
    constexpr int pixels = vectors == 1 ? 2 : 1;
    Batch<T> sum[taps][pixels * vectors];
#pragma GCC unroll 3
    for (auto& of_tap : sum)
#pragma GCC unroll 4
        for (auto& each_sum : of_tap) each_sum = Batch<T>(T(0));
    Index from = s.x_first;
    for (Index i = s.rows.begin; i < s.rows.end; ++i, from += s.x_row_step, dy += s.dy_row_step) {
        const auto seen = [=](Index pixel, Index tap) { return x + (from + pixel * s.x_step + tap * s.tap_step); };
        Index j = s.shared.begin;
        for (; j + pixels <= s.shared.end; j += pixels)
#pragma GCC unroll 4
            for (int p = 0; p < pixels * vectors; ++p) {
                const Index pixel = j + p / vectors, k = p % vectors * L;
                const Batch<T> gradient = access.load(dy + pixel * s.dy_step + k);
#pragma GCC unroll 3
                for (int t = 0; t < taps; ++t)
                    sum[t][p] = xsimd::fma(access.load(seen(pixel, t) + k), gradient, sum[t][p]);
            }
        const auto one_by_one = [&](int t, Index begin, Index end) {
            for (Index pixel = begin; pixel < end; ++pixel)
#pragma GCC unroll 4
                for (int v = 0; v < vectors; ++v)
                    sum[t][v] = xsimd::fma(access.load(seen(pixel, t) + v * L),
                                           access.load(dy + pixel * s.dy_step + v * L), sum[t][v]);
        };
#pragma GCC unroll 3
        for (int t = 0; t < taps; ++t) {
            one_by_one(t, s.pixels[t].begin, smaller(s.pixels[t].end, s.shared.begin));
            one_by_one(t, larger(s.pixels[t].begin, j), s.pixels[t].end);
        }
    }
#pragma GCC unroll 3
    for (int t = 0; t < taps; ++t)
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            T* const place = to + t * s.dy_step + v * L;
            Batch<T> total = access.load(place) + sum[t][v];
            if (pixels == 2) total += sum[t][1];
            access.store(place, total);
        }
}

template <int taps, class T>
void sum_taps(const DepthwiseSums& s, Index channels, const T* x, const T* dy, T* to) {
    constexpr Index several = 4 * lanes<T>;
    Index k = 0;
    for (; k + several <= channels; k += several) sum_taps<taps, 4>(s, Whole{}, x + k, dy + k, to + k);
    each<T>(channels - k, [&](auto access, Index rest) {
        sum_taps<taps, 1>(s, access, x + k + rest, dy + k + rest, to + k + rest);
    });
}

/// dw [kernel positions][channels] from the output rows [begin, end), counted through the batch.
template <class T>
void sum_depthwise(const Correlation& c, const T* x, const T* dy, T* dw, Index begin, Index end) {
    std::memset(static_cast<void*>(dw), 0,
                static_cast<std::size_t>(c.rows.taps * c.columns.taps * c.channels) * sizeof(T));
    DepthwiseSums sums;
    sums.x_row_step = c.rows.stride * c.width * c.channels;
    sums.dy_row_step = c.columns.count * c.channels;
    sums.x_step = c.columns.stride * c.channels;
    sums.dy_step = c.channels;
    sums.tap_step = c.columns.step * c.channels;
    const Index row_bytes = (sums.x_row_step + sums.dy_row_step) * static_cast<Index>(sizeof(T));
    // All taps pass over the band one after another: it should stay in the first-level cache.
    const Index most = larger(1, 24 * 1024 / larger(1, row_bytes));
    for_each_band(begin, end, c.rows.count, most, [&](Index image, Index first, Index last) {
        for (Index r = 0; r < c.rows.taps; ++r) {
            const Range all_rows = c.rows.outputs_within(r, 0, c.height, c.rows.count);
            sums.rows = {larger(first, all_rows.begin), smaller(last, all_rows.end)};
            const Index x_row = image * c.height + c.rows.from(sums.rows.begin) + r * c.rows.step;
            const T* const dy_row = dy + (image * c.rows.count + sums.rows.begin) * sums.dy_row_step;
            for (Index s = 0; s < c.columns.taps; s += taps_together) {
                const Index taps = smaller(taps_together, c.columns.taps - s);
                for (Index t = 0; t < taps; ++t)
                    sums.pixels[t] = c.columns.outputs_within(s + t, 0, c.width, c.columns.count);
                sums.shared = sums.pixels[0];
                for (Index t = 1; t < taps; ++t)
                    sums.shared = {larger(sums.shared.begin, sums.pixels[t].begin),
                                   smaller(sums.shared.end, sums.pixels[t].end)};
                sums.x_first = (x_row * c.width + c.columns.from(0) + s * c.columns.step) * c.channels;
                T* const to = dw + (r * c.columns.taps + s) * c.channels;
                if (taps == 3) sum_taps<3>(sums, c.channels, x, dy_row, to);
                else if (taps == 2) sum_taps<2>(sums, c.channels, x, dy_row, to);
                else sum_taps<1>(sums, c.channels, x, dy_row, to);
            }
        }
    });
}

template <class T>
void backward_weights_depthwise(const ConvGeometry& g, const T* x, const T* dy, T* dw) {
    const Correlation c = forward_correlation(g);
    const Index size = c.products() * c.channels, rows = g.batch * g.out_height;
    const Index parts = larger(1, smaller(num_threads(), rows / product_grain(g.out_width * size)));
    T* const sums_of_parts =
        static_cast<T*>(scratch(scratch_conv_b, static_cast<std::size_t>(parts * size) * sizeof(T)));
    parallel_for(parts, 1, [&](Index begin, Index end) {
        for (Index part = begin; part < end; ++part)
            sum_depthwise(c, x, dy, sums_of_parts + part * size, rows * part / parts, rows * (part + 1) / parts);
    });
    each<T>(size, [&](auto access, Index i) {
        Batch<T> sum = access.load(sums_of_parts + i);
        for (Index part = 1; part < parts; ++part) sum += access.load(sums_of_parts + part * size + i);
        access.store(dw + i, sum);
    });
}

}  // namespace
}  // namespace weft::kernels
