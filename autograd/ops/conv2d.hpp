// Two-dimensional convolution (cross-correlation, as in Keras): images [batch, height, width, channels].
#pragma once

#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/padding.hpp>
#include <weft/autograd/tensor.hpp>

#include <array>

namespace weft {

struct Conv2dSettings {
    std::array<std::int64_t, 2> strides{1, 1};
    Padding padding = Padding::valid;
    std::array<std::int64_t, 2> dilation{1, 1};
    std::int64_t groups = 1;
    FusedActivation activation = FusedActivation::none;
};

/// x [n, h, w, in], weights [kh, kw, in / groups, out], bias [out] or undefined; gives [n, h', w', out].
/// Throws ShapeError, DTypeError, ValueError.
Tensor conv2d(const Tensor& x, const Tensor& weights, const Tensor& bias = {}, const Conv2dSettings& settings = {});

/// The derivatives, as ops: with respect to an x of the given shape, and to weights of the given kernel size.
Tensor conv2d_data_gradient(const Tensor& dy, const Tensor& weights, const Shape& x_shape,
                            const Conv2dSettings& settings);
Tensor conv2d_weights_gradient(const Tensor& x, const Tensor& dy, const Shape& weights_shape,
                               const Conv2dSettings& settings);

}  // namespace weft
