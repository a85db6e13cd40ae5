// From symbols to a graph: Keras's functional models.
#pragma once

#include <weft/nn/graph.hpp>
#include <weft/nn/symbol.hpp>

namespace weft::nn {

/// The layer of an input: gives what comes.
class InputLayer : public Module {
public:
    InputLayer(const Shape& shape, const InputOptions& options);
    Tensor forward(const Tensor& x) override { return x; }
    Shape output_shape(const Shape& input) override { return input; }
    std::string class_name() const override { return "InputLayer"; }

    const Shape& shape() const { return shape_; }  ///< with the batch axis
    DType dtype() const { return dtype_; }

private:
    Shape shape_;
    DType dtype_;
};

/// One call of a layer on symbols. Calls know those that they read; nothing knows them but the symbols they gave.
struct Call {
    Layer layer;
    std::vector<Symbol::Value> inputs;  ///< none for an InputLayer
    Shapes shapes;                      ///< of the results
};

/// Draws a call. The layer must be built.
Symbol draw(Layer layer, const Symbol& inputs, Shapes results);

/// The graph between them. Nodes are in Keras's order: by the distance to the outputs. Layers without a name get one,
/// in the order in which a walk from the outputs down comes back from them: C++ leaves the order of the calls in a(x) +
/// b(x) open. Throws ValueError for outputs that need other inputs, inputs that nothing reads, names that are used
/// twice.
Graph graph_between(const Symbol& inputs, const Symbol& outputs);

}  // namespace weft::nn
