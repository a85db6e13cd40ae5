#include <weft/nn/registry.hpp>
#include <weft/nn/saving/model_config.hpp>

#include <fmt/core.h>

#include <map>

namespace weft::nn::saving {
namespace {

json sizes(const Shape& shape) {
    json list = json::array();
    for (std::int64_t n : shape) list.push_back(n == None ? json() : json(n));
    return list;
}

json input_entry(const std::string& name, const Shape& shape, DType dtype) {
    return {{"class_name", "InputLayer"},
            {"config", {{"batch_input_shape", sizes(shape)}, {"dtype", std::string(weft::name(dtype))}, {"sparse", false}, {"name", name}}}};
}

json node_entry(const GraphNode& node) {
    const auto* model = node.layer.as<Model>();
    if (!model || model->graph().nodes.empty()) return nested_config(*node.layer, node.name);
    json inner = model_config(*model);
    inner["config"]["name"] = node.name;
    return inner;
}

std::string name_or(const Model& model, const char* otherwise) { return model.name().empty() ? otherwise : model.name(); }

json sequential_config(const Model& model) {
    const Graph& graph = model.graph();
    json layers = json::array();
    layers.push_back(input_entry(graph.nodes[0].name + "_input", graph.input_shapes[0], model.state()->dtype));
    for (const GraphNode& node : graph.nodes) layers.push_back(node_entry(node));
    return {{"module", "keras"}, {"class_name", "Sequential"}, {"registered_name", nullptr}, {"config", {{"name", name_or(model, "sequential")}, {"layers", layers}}}};
}

json reference(const Graph& graph, int value) {
    const Origin origin = graph.origin(value);
    return {origin.layer, origin.call, origin.index};
}

// One call of a layer: [["layer before", call, result, {}], ...]. A recurrent layer's first states have a name of their own.
json inbound_node(const Graph& graph, const GraphNode& node) {
    json inputs = json::array();
    const bool has_states = node.inputs.size() > 1 && node.layer->config().contains("return_state");
    json arguments = json::object();
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        if (has_states && i > 0) arguments["initial_state"].push_back(reference(graph, node.inputs[i]));
        else inputs.push_back(reference(graph, node.inputs[i]));
    }
    for (json& input : inputs) input.push_back(arguments);
    return inputs;
}

json functional_config(const Model& model) {
    const Graph& graph = model.graph();
    json layers = json::array(), inputs = json::array(), outputs = json::array();
    for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
        const DType dtype = i < graph.input_dtypes.size() && !is_floating(graph.input_dtypes[i]) ? graph.input_dtypes[i] : model.state()->dtype;
        const std::string name = graph.origin(graph.inputs[i]).layer;
        json entry = input_entry(name, graph.input_shapes[i], dtype);
        entry["name"] = name;
        entry["inbound_nodes"] = json::array();
        layers.push_back(entry);
        inputs.push_back({name, 0, 0});
    }
    for (const GraphNode* layer : graph.layers()) {
        json entry = node_entry(*layer);
        entry["name"] = layer->name;
        entry["inbound_nodes"] = json::array();
        for (const GraphNode& node : graph.nodes)
            if (node.name == layer->name) entry["inbound_nodes"].push_back(inbound_node(graph, node));
        layers.push_back(entry);
    }
    for (int value : graph.outputs) outputs.push_back(reference(graph, value));
    // Every Keras knows "Model"; what is in the config makes it a functional one.
    return {{"module", "keras"}, {"class_name", "Model"}, {"registered_name", nullptr},
            {"config", {{"name", name_or(model, "functional")}, {"layers", layers}, {"input_layers", inputs}, {"output_layers", outputs}}}};
}

}  // namespace

json model_config(const Model& model) {
    const Graph& graph = model.graph();
    if (graph.nodes.empty())
        throw ValueError(fmt::format("save: {} has no graph of layers whose architecture could be saved: it is a class of its own. save_weights() works for any model.", model.label()));
    if (graph.input_shapes.empty())
        throw ValueError(fmt::format("save: {} is not built: its input's shape is not known. Call it once, or give its first layer an input_shape.", model.label()));
    return graph.chain ? sequential_config(model) : functional_config(model);
}

}  // namespace weft::nn::saving
