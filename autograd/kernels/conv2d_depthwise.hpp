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

/// `pixels` neighbouring outputs of one vector of channels, from their first tap and its weights.
template <int pixels, class T, class Access>
[[gnu::always_inline]] inline void depthwise_pixels(const DepthwiseTaps& taps, Access access,
                                                    const T* __restrict source, const T* __restrict w, Batch<T> bias,
                                                    T* __restrict out) {
    Batch<T> sum[pixels];
#pragma GCC unroll 8
    for (int p = 0; p < pixels; ++p) sum[p] = bias;
    const Index pixel_step = taps.pixel_step;
    for (Index r = 0; r < taps.rows; ++r, source += taps.row_step, w += taps.weight_row_step) {
        const T* from = source;
        const T* weights = w;
        for (Index c = 0; c < taps.columns; ++c, from += taps.column_step, weights += taps.weight_column_step) {
            const Batch<T> weight = access.load(weights);
#pragma GCC unroll 8
            for (int p = 0; p < pixels; ++p)
                sum[p] = xsimd::fma(access.load(from + p * pixel_step), weight, sum[p]);
        }
    }
    const Batch<T> zero(T(0));
#pragma GCC unroll 8
    for (int p = 0; p < pixels; ++p)
        access.store(out + p * taps.out_step, taps.relu ? xsimd::max(zero, sum[p]) : sum[p]);
}

/// Output rows [begin, end), counted through the batch as if each image had `unit` of them.
template <class T>
void correlate_depthwise(const Correlation& c, Index kernel_width, const T* source, const T* w, const T* bias,
                         bool relu, T* destination, Index unit, Index begin, Index end) {
    constexpr int pixels = 8;
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
                each<T>(c.channels, [&](auto access, Index k) {
                    const Batch<T> start = bias ? access.load(bias + k) : Batch<T>(T(0));
                    depthwise_pixels<static_cast<int>(count)>(taps, access, first_tap + k, first_weight + k, start,
                                                              to + j * taps.out_step + k);
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

/// dw [kernel positions][channels] from the output rows [begin, end), counted through the batch.
template <class T>
void sum_depthwise(const Correlation& c, const T* x, const T* dy, T* dw, Index begin, Index end) {
    const Index taps = c.rows.taps * c.columns.taps;
    std::memset(static_cast<void*>(dw), 0, static_cast<std::size_t>(taps * c.channels) * sizeof(T));
    const Index x_step = c.columns.stride * c.channels;
    const Index row_bytes = (c.rows.stride * c.width + c.columns.count) * c.channels * static_cast<Index>(sizeof(T));
    // Each tap passes over the whole band: it should stay in the first-level cache.
    const Index most = larger(1, 24 * 1024 / larger(1, row_bytes));
    for_each_band(begin, end, c.rows.count, most, [&](Index image, Index first, Index last) {
        const T* const image_x = x + image * c.height * c.width * c.channels;
        const T* const image_dy = dy + image * c.rows.count * c.columns.count * c.channels;
        for (Index tap = 0; tap < taps; ++tap) {
            const Index r = tap / c.columns.taps, s = tap % c.columns.taps;
            const Range all_rows = c.rows.outputs_within(r, 0, c.height, c.rows.count);
            const Range rows{larger(first, all_rows.begin), smaller(last, all_rows.end)};
            const Range pixels = c.columns.outputs_within(s, 0, c.width, c.columns.count);
            each<T>(c.channels, [&](auto access, Index k) {
                Batch<T> sum[4] = {Batch<T>(T(0)), Batch<T>(T(0)), Batch<T>(T(0)), Batch<T>(T(0))};
                for (Index i = rows.begin; i < rows.end; ++i) {
                    const T* from = image_x + k + ((c.rows.from(i) + r * c.rows.step) * c.width +
                                                   c.columns.from(pixels.begin) + s * c.columns.step) * c.channels;
                    const T* gradient = image_dy + k + (i * c.columns.count + pixels.begin) * c.channels;
                    Index left = pixels.size();
                    for (; left >= 4; left -= 4, from += 4 * x_step, gradient += 4 * c.channels)
#pragma GCC unroll 4
                        for (Index p = 0; p < 4; ++p)
                            sum[p] = xsimd::fma(access.load(from + p * x_step),
                                                access.load(gradient + p * c.channels), sum[p]);
                    for (; left > 0; --left, from += x_step, gradient += c.channels)
                        sum[0] = xsimd::fma(access.load(from), access.load(gradient), sum[0]);
                }
                T* const to = dw + tap * c.channels + k;
                access.store(to, access.load(to) + ((sum[0] + sum[1]) + (sum[2] + sum[3])));
            });
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
