// The graph of layers that Sequential, functional and loaded models are made of. Values are numbered; a node reads some
// and makes others; nodes stand in an order in which they can run.
#pragma once

#include <weft/nn/layer.hpp>

#include <string>
#include <vector>

namespace weft::nn {

struct GraphNode {
    std::string name;  ///< unique within the model
    Layer layer;
    std::vector<int> inputs, outputs;
};

struct Graph {
    Shapes input_shapes;  ///< with the batch axis, as None; empty until known
    std::vector<std::string> input_names;
    std::vector<GraphNode> nodes;
    std::vector<int> inputs, outputs;
    int values = 0;
    bool chain = false;  ///< made as a Sequential: one layer after another

    Tensors run(const Tensors& given) const;
    /// The shape of every value, for the given input shapes; builds the layers on the way.
    Shapes shapes(const Shapes& given) const;
    /// Whether each layer reads the one before it and nothing else.
    bool is_chain() const;
};

/// "conv2d", "conv2d_1", ...: Keras's name for the next layer of a class in a model.
std::string default_name(const std::string& class_name, const std::vector<std::string>& taken);
/// "max_pooling2d" for "MaxPooling2D", as Keras does it.
std::string snake_case(const std::string& class_name);

}  // namespace weft::nn
