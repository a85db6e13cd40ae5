// Are the derivatives right? Compared with central differences, in float64.
#pragma once

#include <weft/autograd/transforms.hpp>

#include <cstddef>
#include <string>

namespace weft {

struct GradcheckOptions {
    int order = 2;            ///< check derivatives up to this order
    double step = 1e-5;       ///< of the central differences
    double tolerance = 1e-6;  ///< "equal to": |analytic - numeric| <= tolerance * max(1, max |numeric|)
    std::size_t lines = 20;   ///< of the table for each order and input, the largest differences first
};

struct GradcheckReport {
    bool passed = true;
    std::string table;  ///< what disagrees: for each order and input the positions, both values and their difference
};

/// Checks the derivatives of every result with respect to every float64 input, whatever their shapes. f must give the
/// same values whenever it is called with the same inputs. Orders after one that disagrees are not checked. Throws
/// DTypeError if no input is float64.
GradcheckReport gradcheck(const TensorFunction& f, const Tensors& inputs, const GradcheckOptions& options = {});

/// The same, of the second order at least: the derivatives of the derivatives, as a gradient penalty or a Hessian uses
/// them.
GradcheckReport gradgradcheck(const TensorFunction& f, const Tensors& inputs, const GradcheckOptions& options = {});

/// Throws GraphError with the table if anything disagrees.
void assert_gradients(const TensorFunction& f, const Tensors& inputs, const GradcheckOptions& options = {});

// For a function of one tensor.
template <FunctionOfOne F>
GradcheckReport gradcheck(F f, const Tensor& input, const GradcheckOptions& options = {}) {
    return gradcheck(detail::of_one(f), Tensors{input}, options);
}
template <FunctionOfOne F>
GradcheckReport gradgradcheck(F f, const Tensor& input, const GradcheckOptions& options = {}) {
    return gradgradcheck(detail::of_one(f), Tensors{input}, options);
}
template <FunctionOfOne F>
void assert_gradients(F f, const Tensor& input, const GradcheckOptions& options = {}) {
    assert_gradients(detail::of_one(f), Tensors{input}, options);
}

}  // namespace weft
