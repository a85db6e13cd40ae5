// Correlation to a few channels (an image's gradient, a decoder's last layer): a vector of output channels would be
// mostly empty, so each output is a dot product along its window, whose rows lie in the source as they are. For kernel
// sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/conv2d_window.hpp>
#include <weft/autograd/kernels/joins.hpp>
#include <weft/autograd/kernels/spans.hpp>
#include <weft/autograd/kernels/tile.hpp>

namespace weft::kernels {
namespace {

constexpr Index most_few = 4;

/// The adding of lanes at the end costs as much as a few vectors of the window do.
template <class T>
bool goes_to_few(const Correlation& c) {
    return c.groups == 1 && c.out_depth > 0 && c.out_depth <= most_few && 2 * c.out_depth <= lanes<T> &&
           c.columns.step == 1 && c.columns.taps * c.depth >= 2 * lanes<T>;
}

/// packed[row of taps][output channel][tap][source channel].
template <class T>
void pack_weights_to_few(const Correlation& c, const WeightSteps& steps, const T* w, T* packed) {
    for (Index u = 0; u < c.rows.taps; ++u)
        for (Index channel = 0; channel < c.out_depth; ++channel)
            for (Index v = 0; v < c.columns.taps; ++v) {
                const Index r = c.rows.kernel_begin + u * c.rows.kernel_step;
                const Index s = c.columns.kernel_begin + v * c.columns.kernel_step;
                const T* const tap = w + (r * steps.kernel_width + s) * steps.position + channel * steps.destination;
                for (Index k = 0; k < c.depth; ++k) *packed++ = tap[k * steps.source];
            }
}

/// What neighbouring outputs see: rows of `length` elements, and where the weights of these are.
struct DotWindow {
    Index rows, row_step, pixel_step;
    Index length, weight_row_step, weight_step;  // from one output channel's weights to the next one's
    Index out_step;
    bool relu;
};

template <int pixels, int channels, class T>
[[gnu::always_inline]] inline void dot_windows(const DotWindow& s, const T* source, const T* weights, const T* bias,
                                               T* out) {
    Batch<T> sum[pixels][channels];
#pragma GCC unroll 4
    for (auto& of_pixel : sum)
#pragma GCC unroll 4
        for (auto& each_sum : of_pixel) each_sum = Batch<T>(T(0));
    for (Index r = 0; r < s.rows; ++r, source += s.row_step, weights += s.weight_row_step)
        each<T>(s.length, [&](auto access, Index i) {
            Batch<T> weight[channels];
#pragma GCC unroll 4
            for (int c = 0; c < channels; ++c) weight[c] = access.load(weights + c * s.weight_step + i);
#pragma GCC unroll 4
            for (int p = 0; p < pixels; ++p) {
                const Batch<T> x = access.load(source + p * s.pixel_step + i);
#pragma GCC unroll 4
                for (int c = 0; c < channels; ++c) sum[p][c] = xsimd::fma(x, weight[c], sum[p][c]);
            }
        });
#pragma GCC unroll 4
    for (int p = 0; p < pixels; ++p)
#pragma GCC unroll 4
        for (int c = 0; c < channels; ++c) {
            const T value = across<Sum, T>(sum[p][c]) + bias[c];
            out[p * s.out_step + c] = s.relu && value < T(0) ? T(0) : value;  // a NaN stays
        }
}

/// Output rows [begin, end) as correlate() takes them.
template <int channels, class T>
void correlate_to(const Correlation& c, const T* source, const T* packed, const T* bias, bool relu, T* destination,
                  Index unit, Index begin, Index end) {
    constexpr int pixels = channels > 2 && max_sums < 24 ? 2 : 4;
    const Index row = c.width * c.channels;
    // Outputs all of whose taps lie inside the image.
    const Range whole{c.columns.outputs_within(0, 0, c.width, c.columns.count).begin,
                      c.columns.outputs_within(c.columns.taps - 1, 0, c.width, c.columns.count).end};
    DotWindow s;
    s.row_step = c.rows.step * row;
    s.pixel_step = c.columns.stride * c.channels;
    s.weight_step = c.columns.taps * c.depth;
    s.weight_row_step = channels * s.weight_step;
    s.out_step = c.columns.spacing * c.out_channels;
    s.relu = relu;
    for_each_band(begin, end, unit, unit, [&](Index image, Index first, Index last) {
        for (Index i = first; i < smaller(last, c.rows.count); ++i) {
            const Range rows = c.rows.taps_within(i, 0, c.height);
            s.rows = rows.size();
            const Index top = (image * c.height + c.rows.from(i) + rows.begin * c.rows.step) * row;
            const T* const weights = packed + rows.begin * s.weight_row_step;
            T* const to = destination + ((image * c.out_height + c.rows.first + i * c.rows.spacing) * c.out_width +
                                         c.columns.first) * c.out_channels;
            for (Index j = 0; j < c.columns.count;) {
                T* const out = to + j * s.out_step;
                if (j >= whole.begin && j + pixels <= whole.end) {
                    s.length = s.weight_step;
                    dot_windows<pixels, channels>(s, source + top + c.columns.from(j) * c.channels, weights, bias, out);
                    j += pixels;
                } else {
                    const Range seen = c.columns.taps_within(j, 0, c.width);
                    s.length = seen.size() * c.depth;
                    dot_windows<1, channels>(s, source + top + (c.columns.from(j) + seen.begin) * c.channels,
                                             weights + seen.begin * c.depth, bias, out);
                    ++j;
                }
            }
        }
    });
}

template <class T>
void correlate_to_few(const Correlation& c, const T* source, const T* packed, const T* bias, bool relu, T* destination,
                      Index unit, Index begin, Index end) {
    constexpr decltype(&correlate_to<1, T>) by_channels[most_few] = {correlate_to<1, T>, correlate_to<2, T>,
                                                                     correlate_to<3, T>, correlate_to<4, T>};
    by_channels[c.out_depth - 1](c, source, packed, bias, relu, destination, unit, begin, end);
}

}  // namespace
}  // namespace weft::kernels
