// Principal components: the linear code that loses least.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace examples {

struct Pca {
    weft::Tensor mean;        ///< [features]
    weft::Tensor components;  ///< [features, count], orthonormal columns

    /// x [n, features] in so many numbers a row, and back.
    weft::Tensor encode(const weft::Tensor& x) const;
    weft::Tensor decode(const weft::Tensor& codes) const;
};

/// The space of the `count` directions of greatest variance of x [n, features], by subspace iteration on the
/// covariance. Each round shrinks what is outside it by the ratio of the first eigenvalue left out to the last one
/// kept.
Pca principal_components(const weft::Tensor& x, std::int64_t count, int rounds = 300);

}  // namespace examples
