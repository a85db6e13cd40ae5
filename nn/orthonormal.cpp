#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/nn/orthonormal.hpp>

#include <algorithm>
#include <cmath>

namespace weft::nn {
namespace {

double dot(const double* a, const double* b, std::int64_t n) {
    double sum[4] = {};
    std::int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int lane = 0; lane < 4; ++lane) sum[lane] += a[i + lane] * b[i + lane];
    for (; i < n; ++i) sum[0] += a[i] * b[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// Gram and Schmidt within a few rows; twice, because once loses orthogonality in rounding.
void orthonormalise_rows(double* rows, std::int64_t count, std::int64_t length) {
    for (std::int64_t i = 0; i < count; ++i) {
        double* row = rows + i * length;
        for (int pass = 0; pass < 2; ++pass)
            for (std::int64_t j = 0; j < i; ++j) {
                const double* done = rows + j * length;
                const double share = dot(row, done, length);
                for (std::int64_t k = 0; k < length; ++k) row[k] -= share * done[k];
            }
        const double norm = std::sqrt(dot(row, row, length));
        for (std::int64_t k = 0; k < length; ++k) row[k] /= norm;
    }
}

}  // namespace

Tensor random_orthonormal(std::int64_t rows, std::int64_t columns, Generator& generator) {
    const NoGrad guard;
    const std::int64_t count = std::min(rows, columns), length = std::max(rows, columns);
    Tensor vectors =
        random::normal({count, length}, 0, 1, float64, generator);  // dividing by the norm, R's diagonal is positive
    // Panel by panel, so that nearly all the work is matrix multiplication.
    constexpr std::int64_t panel = 32;
    double* data = vectors.impl()->array.data<double>();
    for (std::int64_t begin = 0; begin < count; begin += panel) {
        const std::int64_t end = std::min(count, begin + panel);
        if (begin > 0) {
            const Tensor done = slice(vectors, 0, 0, begin);
            Tensor rest = slice(vectors, 0, begin, end);
            for (int pass = 0; pass < 2; ++pass)
                rest = rest - matmul(matrix_product(rest, done, false, true), done);
            std::copy_n(rest.data().data<double>(), rest.elements(), data + begin * length);
        }
        orthonormalise_rows(data + begin * length, end - begin, length);
    }
    return rows > columns ? transpose(vectors) : vectors;
}

}  // namespace weft::nn
