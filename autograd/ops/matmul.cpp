#include <weft/autograd/kernels/gemm.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

namespace weft {
namespace {

template <class T>
void multiply_matrices(const kernels::GemmArguments<T>& arguments) {
    const auto& gemm = kernels::active<kernels::Gemm>();
    if constexpr (std::is_same_v<T, float>) gemm.f32(arguments);
    else gemm.f64(arguments);
}

Array batched_product(const Array& a, const Array& b, bool transpose_a, bool transpose_b) {
    const int rank = a.shape().rank();
    const std::int64_t rows = a.shape()[rank - 2], columns = a.shape()[rank - 1], right = b.shape()[rank - 1];
    const std::int64_t m = transpose_a ? columns : rows, k = transpose_a ? rows : columns;
    const std::int64_t n = transpose_b ? b.shape()[rank - 2] : right;
    Shape shape = a.shape();
    shape[rank - 2] = m;
    shape[rank - 1] = n;
    Array result(shape, a.dtype());
    std::int64_t batch = 1;
    for (int i = 0; i < rank - 2; ++i) batch *= shape[i];
    dispatch_floating(a.dtype(), [&]<class T>(T) {
        const auto one = [&](std::int64_t i) {
            kernels::GemmArguments<T> g;
            g.transpose_a = transpose_a, g.transpose_b = transpose_b;
            g.m = m, g.n = n, g.k = k;
            g.a = a.data<T>() + i * m * k, g.lda = columns;
            g.b = b.data<T>() + i * k * n, g.ldb = right;
            g.c = result.data<T>() + i * m * n, g.ldc = n;
            multiply_matrices(g);
        };
        if (batch == 1) return one(0);
        // Small products are divided among the threads; a large one divides itself.
        const std::int64_t grain =
            m * n * k > 300'000 ? batch : std::max<std::int64_t>(1, 300'000 / std::max<std::int64_t>(1, m * n * k));
        kernels::parallel_for(batch, grain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) one(i);
        });
    });
    return result;
}

void check_floats(const Tensor& a, const Tensor& b, const char* where) {
    if (a.dtype() != b.dtype() || !is_floating(a.dtype()))
        throw DTypeError(
            fmt::format("{}: expects two float32 or two float64 tensors; received {} and {}. Convert with x.to(...).",
                        where, describe(a), describe(b)));
}

[[noreturn]] void refuse(const Tensor& a, const Tensor& b) {
    throw ShapeError(
        fmt::format("matmul: the last axis of the first must equal the last but one of the second, and leading axes "
                    "must broadcast; received {} and {}",
                    describe(a), describe(b)));
}

}  // namespace

Tensor matrix_product(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
    const bool ta = transpose_a, tb = transpose_b;
    check_floats(a, b, "matrix_product");
    const int rank = a.rank();
    bool fits = rank >= 2 && b.rank() == rank && a.shape(ta ? -2 : -1) == b.shape(tb ? -1 : -2);
    for (int i = 0; fits && i < rank - 2; ++i) fits = a.shape()[i] == b.shape()[i];
    if (!fits)
        throw ShapeError(
            fmt::format("matrix_product: expects stacks of matrices, [..., m, k] and [..., k, n], as long as each "
                        "other; received {}{} and {}{}",
                        describe(a), ta ? " transposed" : "", describe(b), tb ? " transposed" : ""));
    return record(batched_product(a.data(), b.data(), ta, tb), {a, b},
                  [b = save(b), ta, tb](const Tensor& dy) {
                      return ta ? matrix_product(b, dy, tb, true) : matrix_product(dy, b, false, !tb);
                  },
                  [a = save(a), ta, tb](const Tensor& dy) {
                      return tb ? matrix_product(dy, a, true, ta) : matrix_product(a, dy, !ta, false);
                  });
}

Tensor matmul(const Tensor& a, const Tensor& b) {
    check_floats(a, b, "matmul");
    if (a.rank() == 0 || b.rank() == 0) refuse(a, b);
    if (a.rank() == 1) {
        const Tensor product = matmul(expand_dims(a, 0), b);
        return squeeze(product, b.rank() == 1 ? 0 : -2);
    }
    if (b.rank() == 1) return squeeze(matmul(a, expand_dims(b, 1)), -1);
    if (a.shape().back() != b.shape(-2)) refuse(a, b);
    const std::int64_t k = a.shape().back(), n = b.shape().back();
    if (b.rank() == 2) {  // one large product instead of many small ones
        Shape shape = a.shape();
        shape[shape.rank() - 1] = n;
        const std::int64_t rows =
            k ? a.elements() / k : Shape(std::span(a.shape().begin(), a.shape().end() - 1)).elements();
        return matrix_product(a.reshape({rows, k}), b, false, false).reshape(shape);
    }
    const Shape leading_a(std::span(a.shape().begin(), a.shape().end() - 2));
    const Shape leading_b(std::span(b.shape().begin(), b.shape().end() - 2));
    Shape full_a = broadcast(leading_a, leading_b, "matmul"), full_b = full_a;
    full_a.push_back(a.shape(-2));
    full_a.push_back(k);
    full_b.push_back(k);
    full_b.push_back(n);
    return matrix_product(broadcast_to(a, full_a), broadcast_to(b, full_b), false, false);
}

Tensor linear(const Tensor& x, const Tensor& weights, const Tensor& bias, FusedActivation activation) {
    check_floats(x, weights, "linear");
    if (x.rank() < 1 || weights.rank() != 2 || x.shape().back() != weights.shape(0) ||
        (bias.defined() && (bias.rank() != 1 || bias.shape(0) != weights.shape(1))))
        throw ShapeError(
            fmt::format("linear: expects x [..., in], weights [in, out] and bias [out]; received {}, {} and {}",
                        describe(x), describe(weights), describe(bias)));
    if (bias.defined()) check_floats(x, bias, "linear");
    const std::int64_t in = weights.shape(0), out = weights.shape(1);
    if (x.rank() != 2) {
        Shape shape = x.shape(), rows = shape;
        rows.erase(shape.rank() - 1);
        shape[shape.rank() - 1] = out;
        return linear(x.reshape({rows.elements(), in}), weights, bias, activation).reshape(shape);
    }
    Array result({x.shape(0), out}, x.dtype());
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        kernels::GemmArguments<T> g;
        g.m = x.shape(0), g.n = out, g.k = in;
        g.a = x.data().data<T>(), g.lda = in;
        g.b = weights.data().data<T>(), g.ldb = out;
        g.c = result.data<T>(), g.ldc = out;
        g.bias = bias.defined() ? bias.data().data<T>() : nullptr;
        g.epilogue = activation == FusedActivation::relu ? kernels::Epilogue::relu : kernels::Epilogue::none;
        multiply_matrices(g);
    });
    auto derivative = [x = save(x), weights = save(weights)](const Tensor& dz, Wanted wanted) {
        Gradients dx(3);
        if (wanted[0]) dx[0] = matrix_product(dz, weights, false, true);
        if (wanted[1]) dx[1] = matrix_product(x, dz, true, false);
        if (wanted[2]) dx[2] = sum(dz, {0});
        return dx;
    };
    // Only the derivative of relu needs the result kept.
    if (activation == FusedActivation::none)
        return record_list({std::move(result)}, {x, weights, bias},
                           [derivative](Wanted wanted, const Tensors& dy) { return derivative(dy[0], wanted); })[0];
    return record_list({std::move(result)}, {x, weights, bias},
                       [derivative](const Tensors& y, Wanted wanted, const Tensors& dy) {
                           return derivative(relu_gradient(dy[0], y[0]), wanted);
                       })[0];
}

}  // namespace weft
