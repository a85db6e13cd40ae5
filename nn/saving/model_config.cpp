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
            {"config",
             {{"batch_input_shape", sizes(shape)},
              {"dtype", std::string(weft::name(dtype))},
              {"sparse", false},
              {"name", name}}}};
}

bool is_inner_model(const GraphNode& node) {
    const auto* model = node.layer.as<Model>();
    return model && !model->graph().nodes.empty();
}

json node_entry(const GraphNode& node, Words words) {
    if (!is_inner_model(node)) return nested_config(*node.layer, node.name);
    json inner = model_config(*node.layer.as<Model>(), words);
    inner["config"]["name"] = node.name;
    return inner;
}

std::string name_or(const Model& model, const char* otherwise) {
    return model.name().empty() ? otherwise : model.name();
}

json sequential_config(const Model& model, Words words) {
    const Graph& graph = model.graph();
    json layers = json::array();
    layers.push_back(input_entry(graph.nodes[0].name + "_input", graph.input_shapes[0], model.state()->dtype));
    for (const GraphNode& node : graph.nodes) layers.push_back(node_entry(node, words));
    return {{"module", "keras"},
            {"class_name", "Sequential"},
            {"registered_name", nullptr},
            {"config", {{"name", name_or(model, "sequential")}, {"layers", layers}}}};
}

// A result of a call. Keras 2 counts the calls of a model within a model from 1, Keras 3 from 0: each is written twice,
// so that number 2 k + 1 is the same call to both.
json reference(const Graph& graph, int value) {
    const Origin origin = graph.origin(value);
    for (const GraphNode& node : graph.nodes)
        if (node.name == origin.layer && is_inner_model(node)) return {origin.layer, 2 * origin.call + 1, origin.index};
    return {origin.layer, origin.call, origin.index};
}

// The same in Keras 3's words; it takes shape and type from the call.
json tensor_reference(const Graph& graph, int value) {
    return {{"class_name", "__keras_tensor__"},
            {"config",
             {{"shape", json::array({nullptr})}, {"dtype", "float32"}, {"keras_history", reference(graph, value)}}}};
}

// One call of a layer: [["layer before", call, result, {}], ...], which every Keras reads. A recurrent layer's first
// states have a name of their own, and Keras 2 and 3 read tensors of that kind only in their own words.
json inbound_node(const Graph& graph, const GraphNode& node, Words words) {
    const bool has_states = node.inputs.size() > 1 && node.layer->config().contains("return_state");
    if (!has_states) {
        json inputs = json::array();
        for (int value : node.inputs) {
            inputs.push_back(reference(graph, value));
            inputs.back().push_back(json::object());
        }
        return inputs;
    }
    const auto named = words == Words::keras3 ? tensor_reference : reference;
    json sequence = named(graph, node.inputs[0]), states = json::array();
    for (std::size_t i = 1; i < node.inputs.size(); ++i) states.push_back(named(graph, node.inputs[i]));
    if (words == Words::keras3) return {{"args", json::array({sequence})}, {"kwargs", {{"initial_state", states}}}};
    sequence.push_back({{"initial_state", states}});
    return json::array({sequence});
}

json functional_config(const Model& model, Words words) {
    const Graph& graph = model.graph();
    json layers = json::array(), inputs = json::array(), outputs = json::array();
    for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
        const DType dtype = i < graph.input_dtypes.size() && !is_floating(graph.input_dtypes[i]) ? graph.input_dtypes[i]
                                                                                                 : model.state()->dtype;
        const std::string name = graph.origin(graph.inputs[i]).layer;
        json entry = input_entry(name, graph.input_shapes[i], dtype);
        entry["name"] = name;
        entry["inbound_nodes"] = json::array();
        layers.push_back(entry);
        inputs.push_back({name, 0, 0});
    }
    for (const GraphNode* layer : graph.layers()) {
        json entry = node_entry(*layer, words);
        entry["name"] = layer->name;
        entry["inbound_nodes"] = json::array();
        for (const GraphNode& node : graph.nodes)
            for (int times = node.name != layer->name ? 0 : is_inner_model(node) ? 2 : 1; times > 0; --times)
                entry["inbound_nodes"].push_back(inbound_node(graph, node, words));
        layers.push_back(entry);
    }
    for (int value : graph.outputs) outputs.push_back(reference(graph, value));
    // Every Keras knows "Model"; what is in the config makes it a functional one.
    return {{"module", "keras"},
            {"class_name", "Model"},
            {"registered_name", nullptr},
            {"config",
             {{"name", name_or(model, "functional")},
              {"layers", layers},
              {"input_layers", inputs},
              {"output_layers", outputs}}}};
}

}  // namespace

json model_config(const Model& model, Words words) {
    const Graph& graph = model.graph();
    if (graph.nodes.empty())
        throw ValueError(
            fmt::format("save: {} has no graph of layers whose architecture could be saved: it is a class of its own. "
                        "save_weights() works for any model.",
                        model.label()));
    if (graph.input_shapes.empty())
        throw ValueError(
            fmt::format("save: {} is not built: its input's shape is not known. Call it once, or give its first layer "
                        "an input_shape.",
                        model.label()));
    return graph.chain ? sequential_config(model, words) : functional_config(model, words);
}

}  // namespace weft::nn::saving
