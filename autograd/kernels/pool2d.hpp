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
    /// NaN wins. Unless null, places (as many as y) tells which cell of its window won, the first of equals: counted
    /// row by row among the cells inside the image, and kept as T, whose lanes are then those of the values. A
    /// window of floats may have 2^24 cells: beyond, not every number is a float.
    void (*maximum)(const PoolGeometry&, const T* x, T* y, T* places);
    /// dx (overwritten) gets each dy at its window's place.
    void (*maximum_gradient)(const PoolGeometry&, const T* places, const T* dy, T* dx);
    /// What the gradient's gradient needs: ddy[o] = ddx at that place.
    void (*maximum_gather)(const PoolGeometry&, const T* places, const T* ddx, T* ddy);
    void (*average)(const PoolGeometry&, const T* x, T* y);            // divided by the cells inside the image
    void (*average_gradient)(const PoolGeometry&, const T* dy, T* dx);  // dx overwritten
};

struct Pool2d {
    PoolFunctions<float> f32;
    PoolFunctions<double> f64;
};

}  // namespace weft::kernels
