// The backward pass over the tape.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <string>

namespace weft {

/// What one pass does; grad() and Tensor::backward() are made of it.
struct PassOptions {
    bool create_graph = false;
    bool retain_graph = false;
    bool stop_at_inputs = false;  ///< the inputs are taken as independent: nothing is carried on beyond them
};

/// Walks the tape from `outputs` with gradients `seeds`, in falling serial number, without recursion. With `inputs`
/// given, returns the gradient at each of them (undefined where none arrives) and touches no leaf; without, adds to the
/// leaves' gradients and returns nothing.
Tensors run_backward(const Tensors& outputs, const Tensors& seeds, const Tensors* inputs, const PassOptions& options);

/// The op whose derivative this thread is computing, or "backward".
std::string running_op();

}  // namespace weft
