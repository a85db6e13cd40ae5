// The graph of layers that Sequential, functional and loaded models are made of. Values are numbered; a node reads some
// and makes others; nodes stand in an order in which they can run.
#pragma once

#include <weft/nn/layer.hpp>

#include <string>
#include <vector>

namespace weft::nn {

struct GraphNode {
    std::string name;  ///< of its layer: unique within the model
    Layer layer;
    std::vector<int> inputs, outputs;
    int call = 0;  ///< 0 for the first call of that layer in the model, 1 for the second
};

/// Where a value comes from, as Keras's files tell it.
struct Origin {
    std::string layer;  ///< or the name of an input
    int call = 0;       ///< GraphNode::call
    int index = 0;      ///< which of the results of that call
};

struct Graph {
    Shapes input_shapes;  ///< with the batch axis, as None; empty until known
    std::vector<std::string> input_names;
    std::vector<DType> input_dtypes;  ///< as given to nn::Input; empty for a chain, which takes what comes
    std::vector<GraphNode> nodes;
    std::vector<int> inputs, outputs;
    int values = 0;
    bool chain = false;  ///< made as a Sequential: one layer after another

    Tensors run(const Tensors& given) const;
    /// The shape of every value, for the given input shapes; builds the layers on the way.
    Shapes shapes(const Shapes& given) const;
    /// Whether each layer reads the one before it and nothing else.
    bool is_chain() const;
    /// The first node of each layer: the layers in Keras's order, without the inputs.
    std::vector<const GraphNode*> layers() const;
    Origin origin(int value) const;
    /// A name for each output: its layer's, with _1, _2, ... where one layer gives several.
    std::vector<std::string> output_names() const;
    /// Throws ValueError if a node reads a value that no input and no node before it gives, as in a cycle.
    void check_order() const;
};

/// "conv2d", "conv2d_1", ...: Keras's name for the next layer of a class in a model.
std::string default_name(const std::string& class_name, const std::vector<std::string>& taken);
/// "max_pooling2d" for "MaxPooling2D", as Keras does it.
std::string snake_case(const std::string& class_name);

}  // namespace weft::nn
