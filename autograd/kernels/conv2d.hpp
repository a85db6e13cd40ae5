// Two-dimensional cross-correlation, NHWC images and HWIO weights, without a materialised im2col.
#pragma once

#include <weft/autograd/kernels/gemm.hpp>
#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

/// x [batch, height, width, in_channels], w [kernel_height, kernel_width, in_channels / groups, out_channels],
/// y [batch, out_height, out_width, out_channels]. Output (i, j) reads input rows
/// i * stride_height - pad_top + dilation_height * r and the like; what lies outside the image is zero. out_height and
/// out_width are given: the caller knows the padding's rule. Group g maps the g-th part of the input channels to the
/// g-th part of the output channels.
struct ConvGeometry {
    std::int64_t batch, height, width, in_channels;
    std::int64_t kernel_height, kernel_width, out_channels;
    std::int64_t out_height, out_width;
    std::int64_t stride_height = 1, stride_width = 1;
    std::int64_t dilation_height = 1, dilation_width = 1;
    std::int64_t pad_top = 0, pad_left = 0;
    std::int64_t groups = 1;
};

template <class T>
struct ConvFunctions {
    /// y = conv(x, w) (+ bias [out_channels], may be null), then the epilogue.
    void (*forward)(const ConvGeometry&, const T* x, const T* w, const T* bias, Epilogue, T* y);
    /// dx from dy: overwrites dx.
    void (*backward_data)(const ConvGeometry&, const T* dy, const T* w, T* dx);
    /// dw from x and dy: overwrites dw.
    void (*backward_weights)(const ConvGeometry&, const T* x, const T* dy, T* dw);
    /// Of y = relu(conv(x, w) + bias): dw, and db [out_channels] unless null, from what of dy passes the relu, which is
    /// never written out whole: the arrays of a first layer are the network's largest. Overwrites both.
    void (*backward_weights_relu)(const ConvGeometry&, const T* x, const T* y, const T* dy, T* dw, T* db);
};

struct Conv2d {
    ConvFunctions<float> f32;
    ConvFunctions<double> f64;
};

}  // namespace weft::kernels
