#include <weft/nn/graph.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <unordered_set>

namespace weft::nn {
namespace {

void check_results(const GraphNode& node, std::size_t results) {
    if (results != node.outputs.size())
        throw ValueError(fmt::format("{}: gave {} results; the model takes {} of it", node.layer->label(), results,
                                     node.outputs.size()));
}

}  // namespace

Tensors Graph::run(const Tensors& given) const {
    std::vector<Tensor> value(static_cast<std::size_t>(values));
    const auto at = [&](int number) -> Tensor& { return value[static_cast<std::size_t>(number)]; };
    for (std::size_t i = 0; i < inputs.size(); ++i) at(inputs[i]) = given[i];
    for (const GraphNode& node : nodes) {
        Tensors arguments;
        for (int input : node.inputs) arguments.push_back(at(input));
        const Tensors results = (*node.layer)(arguments);
        check_results(node, results.size());
        for (std::size_t i = 0; i < node.outputs.size(); ++i) at(node.outputs[i]) = results[i];
    }
    Tensors results;
    for (int output : outputs) results.push_back(at(output));
    return results;
}

Shapes Graph::shapes(const Shapes& given) const {
    Shapes shape(static_cast<std::size_t>(values));
    const auto at = [&](int number) -> Shape& { return shape[static_cast<std::size_t>(number)]; };
    for (std::size_t i = 0; i < inputs.size(); ++i) at(inputs[i]) = given[i];
    for (const GraphNode& node : nodes) {
        Shapes arguments;
        for (int input : node.inputs) arguments.push_back(at(input));
        node.layer->build_for(arguments);
        const Shapes results = node.layer->output_shapes(arguments);
        check_results(node, results.size());
        for (std::size_t i = 0; i < node.outputs.size(); ++i) at(node.outputs[i]) = results[i];
    }
    return shape;
}

bool Graph::is_chain() const {
    if (inputs.size() != 1 || outputs.size() != 1) return false;
    int last = inputs[0];
    for (const GraphNode& node : nodes) {
        if (node.inputs != std::vector<int>{last} || node.outputs.size() != 1) return false;
        last = node.outputs[0];
    }
    return outputs[0] == last;
}

std::vector<const GraphNode*> Graph::layers() const {
    std::vector<const GraphNode*> first;
    std::unordered_set<const State*> seen;
    for (const GraphNode& node : nodes)
        if (seen.insert(node.layer->state().get()).second) first.push_back(&node);
    return first;
}

Origin Graph::origin(int value) const {
    const auto position = [value](const std::vector<int>& list) {
        return std::find(list.begin(), list.end(), value) - list.begin();
    };
    if (const auto at = static_cast<std::size_t>(position(inputs)); at < inputs.size())
        return {at < input_names.size() ? input_names[at] : "input_layer", 0, 0};
    for (const GraphNode& node : nodes)
        if (const auto at = static_cast<std::size_t>(position(node.outputs)); at < node.outputs.size())
            return {node.name, node.call, static_cast<int>(at)};
    throw ValueError(fmt::format("Graph: nothing gives its value {}", value));
}

std::vector<std::string> Graph::output_names() const {
    std::vector<std::string> names;
    for (int output : outputs) {
        const std::string base = origin(output).layer;
        std::string name = base;
        for (int i = 1; std::find(names.begin(), names.end(), name) != names.end(); ++i)
            name = fmt::format("{}_{}", base, i);
        names.push_back(name);
    }
    return names;
}

void Graph::check_order() const {
    std::unordered_set<int> known(inputs.begin(), inputs.end());
    const auto check = [&](const std::vector<int>& wanted, const std::string& reader) {
        for (int value : wanted)
            if (!known.contains(value))
                throw ValueError(fmt::format(
                    "Model: {} needs a value that nothing before it gives: the graph has a cycle, or is not connected",
                    reader));
    };
    for (const GraphNode& node : nodes) {
        check(node.inputs, "layer '" + node.name + "'");
        known.insert(node.outputs.begin(), node.outputs.end());
    }
    check(outputs, "an output");
}

std::string snake_case(const std::string& class_name) {
    std::string text;
    for (std::size_t i = 0; i < class_name.size(); ++i) {
        const auto upper = [&](std::size_t k) {
            return k < class_name.size() && std::isupper(static_cast<unsigned char>(class_name[k]));
        };
        const auto lower = [&](std::size_t k) {
            return k < class_name.size() && std::islower(static_cast<unsigned char>(class_name[k]));
        };
        // Before a capital that begins a word, and between a small letter and a capital.
        if (i > 0 && upper(i) && (lower(i + 1) || lower(i - 1))) text += '_';
        text += static_cast<char>(std::tolower(static_cast<unsigned char>(class_name[i])));
    }
    return text;
}

std::string default_name(const std::string& class_name, const std::vector<std::string>& taken) {
    const std::string base = snake_case(class_name);
    std::string name = base;
    for (int i = 1; std::find(taken.begin(), taken.end(), name) != taken.end(); ++i)
        name = base + "_" + std::to_string(i);
    return name;
}

}  // namespace weft::nn
