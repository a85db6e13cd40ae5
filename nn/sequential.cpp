#include <weft/nn/functional.hpp>
#include <weft/nn/sequential.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft::nn {

Sequential::Sequential() {
    graph_->chain = true;
    graph_->inputs = graph_->outputs = {0};
    graph_->values = 1;
}

Sequential::Sequential(std::initializer_list<Layer> layers) : Sequential(std::vector<Layer>(layers)) {}

Sequential::Sequential(const std::vector<Layer>& layers, const std::string& name) : Sequential() {
    set_name(name);
    for (const Layer& layer : layers) add(layer);
}

Sequential::Sequential(const Model& model) : Model(model) {
    if (!model.graph().is_chain())
        throw ValueError(fmt::format("Sequential: {} is no chain of layers; keep it as a nn::Model", model.label()));
    graph_->chain = true;
}

void Sequential::add(const Layer& layer) {
    if (const auto* input = layer.as<InputLayer>()) {
        if (!graph_->nodes.empty()) throw ValueError(fmt::format("{}: an Input can only be its first entry", label()));
        graph_->input_shapes = {input->shape()};
        state()->input_shape = layer->input_shape();
        return;
    }
    std::vector<std::string> taken;
    for (const GraphNode& node : graph_->nodes)
        if (node.layer->state() == layer->state())
            throw ValueError(fmt::format("{}: {} is already one of its layers", label(), layer->label()));
    for (const GraphNode& node : graph_->nodes) taken.push_back(node.name);
    std::string name = layer->name();
    const bool repeated = std::find(taken.begin(), taken.end(), name) != taken.end();
    if (repeated && layer->state()->named_by_user)
        throw ValueError(
            fmt::format("{}: the names of its layers must differ; there is already a '{}'", label(), name));
    if (name.empty() || repeated) name = default_name(layer->class_name(), taken);
    if (layer->name().empty()) layer->state()->name = name;

    Shape input;  // what the new layer gets, if known
    const bool tells_input = graph_->nodes.empty() && graph_->input_shapes.empty() && !layer->input_shape().empty();
    if (tells_input) {
        input = layer->input_shape();
        input.insert(0, None);
    } else if (!graph_->input_shapes.empty()) {
        input = output_shape(graph_->input_shapes[0]);
    }
    if (!input.empty()) {
        layer->build_for(input);
        const std::size_t results = layer->output_shapes({input}).size();  // an input that does not fit is told here
        if (results != 1)
            throw ValueError(fmt::format(
                "{}: each layer gives one result to the next; {} gives {}. Build a nn::Model from symbols instead.",
                label(), layer->label(), results));
    }
    add_child(name, layer->state());
    if (tells_input) {
        graph_->input_shapes = {input};
        state()->input_shape = layer->input_shape();
    }
    graph_->nodes.push_back({name, layer, {graph_->values - 1}, {graph_->values}});
    graph_->outputs = {graph_->values++};
}

}  // namespace weft::nn
