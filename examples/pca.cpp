#include "pca.hpp"

#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/random.hpp>

namespace examples {

using namespace weft;

namespace {

// The columns made orthonormal, one after another (Gram and Schmidt), twice for rounding's sake.
Tensor orthonormal(const Tensor& columns) {
    Tensors done;
    for (std::int64_t i = 0; i < columns.shape(1); ++i) {
        Tensor v = select(columns, 1, i);
        for (int pass = 0; pass < 2 && !done.empty(); ++pass) {
            const Tensor basis = stack(done);
            v -= matmul(matmul(basis, v), basis);
        }
        done.push_back(v / sqrt(sum(square(v))));
    }
    return transpose(stack(done));
}

}  // namespace

Tensor Pca::encode(const Tensor& x) const { return matmul(x - mean, components); }
Tensor Pca::decode(const Tensor& codes) const { return matmul(codes, transpose(components)) + mean; }

Pca principal_components(const Tensor& x, std::int64_t count, int rounds) {
    const NoGrad off_tape;
    const Tensor centre = weft::mean(x, 0), around = x - centre;
    const Tensor covariance = (matmul(transpose(around), around) / x.shape(0)).to(float64);
    Generator generator(0);
    Tensor space = orthonormal(random::normal({x.shape(1), count}, 0, 1, float64, generator));
    for (int round = 0; round < rounds; ++round) space = orthonormal(matmul(covariance, space));
    return {centre, space.to(x.dtype())};
}

}  // namespace examples
