// Derivatives of functions: products with vectors, and whole matrices.
#pragma once

#include <weft/autograd/grad.hpp>
#include <weft/autograd/tensor.hpp>

#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {

/// A function of tensors. Its derivatives are taken where it uses its arguments; what else it uses is constant.
using TensorFunction = std::function<Tensors(const Tensors&)>;

struct TransformOptions {
    bool create_graph = false;  ///< the results can be differentiated again, by the inputs and by what else f used
};

/// f(inputs), and the derivatives of sum(dy[k] * f(inputs)[k]) by each input (zeros where f does not use one): a row
/// vector times the Jacobian. Throws GraphError for an input that is neither float32 nor float64.
std::pair<Tensors, Tensors> vjp(const TensorFunction& f, const Tensors& inputs, const Tensors& dy,
                                const TransformOptions& options = {});

/// f(inputs), and its derivative in the direction `tangents`, one for each input: the Jacobian times a column vector.
/// Two passes back: the vector-Jacobian product is linear in dy, and its own derivative by dy is this.
std::pair<Tensors, Tensors> jvp(const TensorFunction& f, const Tensors& inputs, const Tensors& tangents,
                                const TransformOptions& options = {});

/// All first derivatives: element [k][i] has the shape of f(inputs)[k] followed by that of inputs[i]. A pass back for
/// each element of the results. Throws ShapeError if that is more than eight axes.
std::vector<Tensors> jacobian(const TensorFunction& f, const Tensors& inputs, const TransformOptions& options = {});

/// All second derivatives of a function whose only result is a single number: element [i][j] has the shape of inputs[i]
/// followed by that of inputs[j].
std::vector<Tensors> hessian(const TensorFunction& f, const Tensors& inputs, const TransformOptions& options = {});

/// f(inputs), a single number, and the Hessian times `vectors`, one for each input, without making the Hessian.
std::pair<Tensor, Tensors> hvp(const TensorFunction& f, const Tensors& inputs, const Tensors& vectors,
                               const TransformOptions& options = {});

template <class F>
concept FunctionOfOne = std::is_invocable_r_v<Tensor, F&, const Tensor&>;

namespace detail {
template <FunctionOfOne F>
TensorFunction of_one(F& f) {
    return [&f](const Tensors& x) { return Tensors{f(x[0])}; };
}
}  // namespace detail

// The same for a function of one tensor with one result.
template <FunctionOfOne F>
std::pair<Tensor, Tensor> vjp(F f, const Tensor& x, const Tensor& dy, const TransformOptions& options = {}) {
    const auto [y, dx] = vjp(detail::of_one(f), Tensors{x}, Tensors{dy}, options);
    return {y[0], dx[0]};
}
template <FunctionOfOne F>
std::pair<Tensor, Tensor> jvp(F f, const Tensor& x, const Tensor& tangent, const TransformOptions& options = {}) {
    const auto [y, dy] = jvp(detail::of_one(f), Tensors{x}, Tensors{tangent}, options);
    return {y[0], dy[0]};
}
template <FunctionOfOne F>
Tensor jacobian(F f, const Tensor& x, const TransformOptions& options = {}) {
    return jacobian(detail::of_one(f), Tensors{x}, options)[0][0];
}
template <FunctionOfOne F>
Tensor hessian(F f, const Tensor& x, const TransformOptions& options = {}) {
    return hessian(detail::of_one(f), Tensors{x}, options)[0][0];
}
template <FunctionOfOne F>
std::pair<Tensor, Tensor> hvp(F f, const Tensor& x, const Tensor& vector, const TransformOptions& options = {}) {
    const auto [y, product] = hvp(detail::of_one(f), Tensors{x}, Tensors{vector}, options);
    return {y, product[0]};
}

}  // namespace weft
