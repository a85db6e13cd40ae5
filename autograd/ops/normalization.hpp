// Normalization by mean and variance, and what inference makes of it.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

/// (x - mean) / sqrt(variance + epsilon) * gamma + beta of each channel, the last axis, over all others (Ioffe and
/// Szegedy 2015). gamma and beta [channels] may be undefined. The variance is the biased one. `statistics`, if given,
/// receives mean and variance [channels], off the tape. Throws ShapeError, DTypeError.
struct ChannelStatistics {
    Tensor mean, variance;
};
Tensor batch_norm(const Tensor& x, const Tensor& gamma = {}, const Tensor& beta = {}, double epsilon = 1e-3,
                  ChannelStatistics* statistics = nullptr);

/// The same of each sample over its last axes (Ba et al. 2016): as many as gamma and beta have, which are of their
/// shape and may be undefined; `axes` says how many if both are.
Tensor layer_norm(const Tensor& x, const Tensor& gamma = {}, const Tensor& beta = {}, double epsilon = 1e-3,
                  int axes = 1);

/// The same of each sample and group of neighbouring channels, the last axis, over the group and all axes between (Wu
/// and He 2018). gamma and beta [channels] may be undefined. Throws ShapeError if the groups do not divide the
/// channels.
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& gamma = {}, const Tensor& beta = {},
                  double epsilon = 1e-3);

/// x * factor + shift of each channel, the last axis; factor and shift are [channels].
Tensor scale_shift(const Tensor& x, const Tensor& factor, const Tensor& shift);

}  // namespace weft
