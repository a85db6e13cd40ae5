// Memory for time: values that are computed again for the derivative instead of being kept.
#pragma once

#include <weft/autograd/transforms.hpp>

#include <type_traits>
#include <utility>

namespace weft {

/// f(inputs), of which the tape keeps the inputs alone: backward calls f again. Random numbers drawn from the default
/// generator are the same in each call, and modules train or not as in the first; what they write, as the moving
/// statistics of a BatchNorm, they write once (see recall.hpp for layers of one's own). Parameters and other tensors
/// that f captures get their gradients like the inputs, also from grad() and with create_graph. Else f must compute the
/// same whenever it is called with the same inputs: if it changes what it captures, or depends on what changes before
/// backward, and so gives other values when it is called again, backward throws a GraphError. It is kept until then: it
/// must not refer to locals that are gone by that time. A chain of n layers of equal size, with a checkpoint every
/// sqrt(n) of them, keeps about 2 sqrt(n) of n values and takes one forward pass more.
Tensors checkpoint(const TensorFunction& f, const Tensors& inputs);

/// The same for a function or module of one tensor.
template <class F>
    requires std::is_invocable_r_v<Tensor, F&, const Tensor&>
Tensor checkpoint(F f, const Tensor& x) {
        return checkpoint(TensorFunction([f = std::move(f)](const Tensors& t) mutable { return Tensors{f(t[0])}; }),
                          Tensors{x})[0];
}

}  // namespace weft
