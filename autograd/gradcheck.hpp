// Are the derivatives right? Compared with central differences, in float64.
#pragma once

#include <weft/autograd/grad.hpp>
#include <weft/autograd/tensor.hpp>

#include <functional>
#include <string>

namespace weft {

struct GradcheckOptions {
    int order = 2;            ///< check derivatives up to this order
    double step = 1e-5;       ///< of the central differences
    double tolerance = 1e-6;  ///< "equal to": |analytic - numeric| <= tolerance * max(1, max |numeric|)
};

struct GradcheckReport {
    bool passed = true;
    std::string table;  ///< what disagrees: order, input, position, both values
};

using TensorFunction = std::function<Tensors(const Tensors&)>;

/// Checks the derivatives of every result with respect to every float64 input, whatever their shapes. f must give the
/// same values whenever it is called with the same inputs. Throws DTypeError if no input is float64.
GradcheckReport gradcheck(const TensorFunction& f, const Tensors& inputs, const GradcheckOptions& options = {});

/// The same; throws GraphError with the table if anything disagrees.
void assert_gradients(const TensorFunction& f, const Tensors& inputs, const GradcheckOptions& options = {});

/// For a function of one tensor.
template <class F>
    requires std::is_invocable_r_v<Tensor, F&, const Tensor&>
void assert_gradients(F f, const Tensor& input, const GradcheckOptions& options = {}) {
    assert_gradients(TensorFunction([f](const Tensors& x) mutable { return Tensors{f(x[0])}; }), Tensors{input}, options);
}

}  // namespace weft
