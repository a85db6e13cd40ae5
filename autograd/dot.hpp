// The tape as a picture.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <string>

namespace weft {

/// The graph that leads to the outputs, in Graphviz's language: ellipses are ops, boxes are leaves (with the names of
/// parameters), double circles the outputs; an arrow carries a value of the shape and type beside it. Render it with
/// dot -Tsvg. Values that no gradient goes to are not on the tape, and so not in the picture.
std::string to_dot(const Tensors& outputs);
std::string to_dot(const Tensor& output);

}  // namespace weft
