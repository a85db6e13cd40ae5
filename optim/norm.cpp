#include <weft/autograd/kernels/reduce.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/optim/norm.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

namespace weft::optim {
namespace {

// Blocks of a fixed size, so that the sum's order does not depend on the team.
constexpr std::int64_t block = 65536;

// f(data, n) of each block, in order.
template <class R, class F32, class F64>
std::vector<R> of_blocks(const Tensor& x, F32 f32, F64 f64) {
    const std::int64_t n = x.elements();
    std::vector<R> results(static_cast<std::size_t>((n + block - 1) / block));
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        const T* data = x.data().data<T>();
        kernels::parallel_for(static_cast<std::int64_t>(results.size()), 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t length = std::min(block, n - i * block);
                R& result = results[static_cast<std::size_t>(i)];
                if constexpr (std::is_same_v<T, float>) result = f32(data + i * block, length);
                else result = f64(data + i * block, length);
            }
        });
    });
    return results;
}

Tensors gradients_of(const Tensors& parameters) {
    Tensors gradients;
    for (const Tensor& parameter : parameters) gradients.push_back(parameter.grad());
    return gradients;
}

}  // namespace

double norm_of(const Tensors& tensors) {
    const auto& reduce = kernels::active<kernels::Reduce>();
    double sum = 0;
    for (const Tensor& x : tensors) {
        if (!x.defined()) continue;
        if (!is_floating(x.dtype()))
            throw DTypeError(fmt::format("norm_of: takes float32 and float64; received {}", describe(x)));
        for (double part : of_blocks<double>(x, reduce.sum_of_squares_f32, reduce.sum_of_squares_f64)) sum += part;
    }
    return std::sqrt(sum);
}

double grad_norm(const Tensors& parameters) { return norm_of(gradients_of(parameters)); }

bool gradients_finite(const Tensors& parameters) {
    const auto& reduce = kernels::active<kernels::Reduce>();
    for (const Tensor& gradient : gradients_of(parameters)) {
        if (!gradient.defined()) continue;
        // Not bool: the elements of vector<bool> share bytes between threads.
        for (char finite : of_blocks<char>(gradient, reduce.all_finite_f32, reduce.all_finite_f64))
            if (!finite) return false;
    }
    return true;
}

}  // namespace weft::optim
