// Pooling over windows of images [batch, height, width, channels].
#pragma once

#include <weft/autograd/ops/padding.hpp>
#include <weft/autograd/tensor.hpp>

#include <array>

namespace weft {

struct Pool2dSettings {
    std::array<std::int64_t, 2> pool_size{2, 2};
    std::array<std::int64_t, 2> strides{2, 2};
    Padding padding = Padding::valid;
};

/// The largest of each window; the first of equals gets the gradient. Throws ShapeError, DTypeError, ValueError.
Tensor max_pool2d(const Tensor& x, const Pool2dSettings& settings = {});
/// The mean of each window's cells inside the image.
Tensor average_pool2d(const Tensor& x, const Pool2dSettings& settings = {});

}  // namespace weft
