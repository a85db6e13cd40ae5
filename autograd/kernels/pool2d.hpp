// Pooling windows over NHWC images.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

/// x [batch, height, width, channels] to y [batch, out_height, out_width, channels]; cells outside the image do not
/// take part. Every window holds at least one cell of the image: the caller's padding rule sees to it.
struct PoolGeometry {
    std::int64_t batch, height, width, channels;
    std::int64_t pool_height, pool_width, out_height, out_width;
    std::int64_t stride_height, stride_width, pad_top = 0, pad_left = 0;
};

template <class T>
struct PoolFunctions {
    void (*maximum)(const PoolGeometry&, const T* x, T* y);  // NaN wins
    /// dx (overwritten) gets each dy at the window's first cell (row by row) that equals y.
    void (*maximum_gradient)(const PoolGeometry&, const T* x, const T* y, const T* dy, T* dx);
    /// What the gradient's gradient needs: ddy[o] = ddx at that same cell.
    void (*maximum_gather)(const PoolGeometry&, const T* x, const T* y, const T* ddx, T* ddy);
    void (*average)(const PoolGeometry&, const T* x, T* y);            // divided by the cells inside the image
    void (*average_gradient)(const PoolGeometry&, const T* dy, T* dx);  // dx overwritten
};

struct Pool2d {
    PoolFunctions<float> f32;
    PoolFunctions<double> f64;
};

}  // namespace weft::kernels
