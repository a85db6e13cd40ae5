// Derivatives on request.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <optional>

namespace weft {

struct GradOptions {
    bool create_graph = false;                 ///< record the derivative itself, so that it can be differentiated again
    std::optional<bool> retain_graph = {};  ///< keep what was saved for another pass; follows create_graph if not given
    Tensors grad_outputs = {};                 ///< a seed for each output; needed for those that are not scalars
    bool allow_unused = false;                 ///< an input that is not reached gets an undefined tensor, not an error
};

/// The derivatives of sum(outputs) with respect to inputs, which may be leaves or results; no leaf's grad() changes.
/// Throws GraphError if an input is not reached, an output is off the tape or the graph was freed.
Tensors grad(const Tensors& outputs, const Tensors& inputs, const GradOptions& options = {});
Tensor grad(const Tensor& output, const Tensor& input, const GradOptions& options = {});
Tensors grad(const Tensor& output, const Tensors& inputs, const GradOptions& options = {});

}  // namespace weft
