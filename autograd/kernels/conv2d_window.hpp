// What forward and data gradient have in common: both correlate a source image with taps of the kernel. The forward
// pass is one correlation. The data gradient of a convolution of stride s is s * s of them, one for each phase of the
// input's rows and columns modulo s, each with its own taps and of stride 1: nothing is scattered.
// For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/arch.hpp>
#include <weft/autograd/kernels/conv2d.hpp>
#include <weft/autograd/kernels/scratch.hpp>

#include <cstring>

namespace weft::kernels {
namespace {

using Index = std::int64_t;

inline Index smaller(Index a, Index b) { return a < b ? a : b; }
inline Index larger(Index a, Index b) { return a > b ? a : b; }
inline Index rounded_up(Index a, Index unit) { return (a + unit - 1) / unit; }

struct Range {
    Index begin, end;
    Index size() const { return end - begin; }
};

/// A correlation along one axis. Its output t stands at first + t * spacing in the destination; the tap u of output t
/// reads position begin + t * stride + u * step of the source (zero outside) and is the kernel's kernel_begin +
/// u * kernel_step.
struct Axis {
    Index count;
    Index first, spacing;
    Index taps;
    Index begin, stride, step;
    Index kernel_begin, kernel_step;

    /// The source positions [from(t), to(t)) that output t reads.
    Index from(Index t) const { return begin + t * stride; }
    Index to(Index t) const { return from(t) + (taps - 1) * step + 1; }

    /// The taps of output t that read positions in [low, high).
    Range taps_within(Index t, Index low, Index high) const {
        const Index begin = smaller(taps, rounded_up(larger(0, low - from(t)), step));
        return {begin, larger(begin, smaller(taps, rounded_up(larger(0, high - from(t)), step)))};
    }
    /// The outputs among [0, limit) whose tap u reads positions in [low, high).
    Range outputs_within(Index u, Index low, Index high, Index limit) const {
        const Index at = begin + u * step;
        const Index first = smaller(limit, rounded_up(larger(0, low - at), stride));
        return {first, larger(first, smaller(limit, rounded_up(larger(0, high - at), stride)))};
    }
};

inline Axis forward_axis(Index outputs, Index kernel, Index stride, Index dilation, Index pad) {
    return {outputs, 0, 1, kernel, -pad, stride, dilation, 0, 1};
}

/// Inputs phase, phase + stride, ... of `inputs`: those kernel positions r with (input + pad - dilation * r) divisible
/// by the stride, whose output is the quotient.
inline Axis gradient_axis(Index phase, Index inputs, Index kernel, Index stride, Index dilation, Index pad) {
    Index first = 0;
    while (first < kernel && first < stride && (phase + pad - dilation * first) % stride != 0) ++first;
    Index period = 1;
    while (dilation * period % stride != 0) ++period;
    const bool any = first < kernel && first < stride;
    const Index taps = any ? (kernel - 1 - first) / period + 1 : 0;
    const Index last = first + (taps - 1) * period;  // the taps run backwards, so that the positions ascend
    const Index count = phase < inputs ? (inputs - phase - 1) / stride + 1 : 0;
    return {count, phase, stride, taps, any ? (phase + pad - dilation * last) / stride : 0, 1,
            dilation * period / stride, last, -period};
}

struct Correlation {
    Axis rows, columns;
    Index height, width, channels;              // of a source image
    Index depth;                                // source channels of a group
    Index out_height, out_width, out_channels;  // of a destination image
    Index out_depth;                            // destination channels of a group
    Index groups;

    /// Products that make one destination channel.
    Index products() const { return rows.taps * columns.taps * depth; }
};

inline Correlation forward_correlation(const ConvGeometry& g) {
    return {forward_axis(g.out_height, g.kernel_height, g.stride_height, g.dilation_height, g.pad_top),
            forward_axis(g.out_width, g.kernel_width, g.stride_width, g.dilation_width, g.pad_left),
            g.height, g.width, g.in_channels, g.in_channels / g.groups,
            g.out_height, g.out_width, g.out_channels, g.out_channels / g.groups, g.groups};
}

inline Index gradient_phases(const ConvGeometry& g) { return g.stride_height * g.stride_width; }

inline Correlation gradient_correlation(const ConvGeometry& g, Index phase) {
    return {gradient_axis(phase / g.stride_width, g.height, g.kernel_height, g.stride_height, g.dilation_height,
                          g.pad_top),
            gradient_axis(phase % g.stride_width, g.width, g.kernel_width, g.stride_width, g.dilation_width,
                          g.pad_left),
            g.out_height, g.out_width, g.out_channels, g.out_channels / g.groups,
            g.height, g.width, g.in_channels, g.in_channels / g.groups, g.groups};
}

/// Where the weight of (kernel position, source channel, destination channel) is, for group 0.
struct WeightSteps {
    Index kernel_width;  // position (r, s) is r * kernel_width + s
    Index position, source, destination, group;
};

inline WeightSteps forward_weights(const ConvGeometry& g) {
    return {g.kernel_width, g.in_channels / g.groups * g.out_channels, g.out_channels, 1, g.out_channels / g.groups};
}

inline WeightSteps gradient_weights(const ConvGeometry& g) {
    return {g.kernel_width, g.in_channels / g.groups * g.out_channels, 1, g.out_channels, g.out_channels / g.groups};
}

/// What a band of output rows reads of the source: its rows [top, bottom). data is the element that tap (0, 0) of the
/// first output pixel would read in row top.
template <class T>
struct Band {
    const T* data;
    Index row_step;
    Index top, bottom;

    const T* row(Index h) const { return data + (h - top) * row_step; }
};

/// What is copied into a band beside the image.
enum class Border {
    none,     // the image itself: the caller reads nothing outside
    columns,  // zeros at the left and right
    all       // zeros all around
};

/// The band of output rows [first, last): the image itself where it has all that is asked for, else a copy with a
/// border of zeros in this thread's scratch memory.
template <class T>
Band<T> source_band(const Correlation& c, const T* image, Index first, Index last, Border border) {
    const Index row = c.width * c.channels;
    const Index left = c.columns.from(0), right = c.columns.to(c.columns.count - 1);
    Index top = c.rows.from(first), bottom = c.rows.to(last - 1);
    const bool rows_inside = top >= 0 && bottom <= c.height;
    if (border != Border::all) {
        top = larger(top, 0);
        bottom = larger(top, smaller(bottom, c.height));
    }
    if (border == Border::none || c.products() == 0 || c.columns.count == 0 ||
        (left >= 0 && right <= c.width && (rows_inside || border == Border::columns)))
        return {image + top * row + left * c.channels, row, top, bottom};

    const Index wide = (right - left) * c.channels;
    const Index begin = smaller(larger(0, -left), right - left) * c.channels;
    const Index end = larger(begin, (smaller(right, c.width) - left) * c.channels);
    T* const band = static_cast<T*>(
        scratch(scratch_conv_a, static_cast<std::size_t>((bottom - top) * wide) * sizeof(T)));
    const auto zero = [](T* to, Index count) {
        std::memset(static_cast<void*>(to), 0, static_cast<std::size_t>(count) * sizeof(T));
    };
    for (Index h = top; h < bottom; ++h) {
        T* const to = band + (h - top) * wide;
        if (h < 0 || h >= c.height || begin == end) {
            zero(to, wide);
            continue;
        }
        zero(to, begin);
        std::memcpy(to + begin, image + h * row + left * c.channels + begin,
                    static_cast<std::size_t>(end - begin) * sizeof(T));
        zero(to + end, wide - end);
    }
    return {band, wide, top, bottom};
}

/// Output rows whose source stays in the second-level cache while all of the weights pass over it.
template <class T>
Index band_rows(const Correlation& c, Index bytes) {
    const Index row = c.width * c.channels * static_cast<Index>(sizeof(T)) * c.rows.stride;
    return larger(1, bytes / larger(row, 1));
}

/// Rows that make a part worth a thread: 0.3 million products.
inline Index product_grain(Index products_of_row) { return larger(1, 300000 / larger(1, products_of_row)); }

/// Calls body(image, first row, last row) for the parts of rows [begin, end), counted through the batch, `most` rows of
/// one image at a time; an image has `rows`.
template <class F>
void for_each_band(Index begin, Index end, Index rows, Index most, const F& body) {
    while (begin < end) {
        const Index image = begin / rows, first = begin % rows;
        const Index left = smaller(end - begin, rows - first);
        const Index count = rounded_up(left, rounded_up(left, most));  // bands of nearly equal size
        body(image, first, first + count);
        begin += count;
    }
}

}  // namespace
}  // namespace weft::kernels
