#include <weft/nn/graph.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace weft::nn {
namespace {

void check_results(const GraphNode& node, std::size_t results) {
    if (results != node.outputs.size())
        throw ValueError(fmt::format("{}: gave {} results; the model takes {} of it", node.layer->label(), results, node.outputs.size()));
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

std::string snake_case(const std::string& class_name) {
    std::string text;
    for (std::size_t i = 0; i < class_name.size(); ++i) {
        const auto upper = [&](std::size_t k) { return k < class_name.size() && std::isupper(static_cast<unsigned char>(class_name[k])); };
        const auto lower = [&](std::size_t k) { return k < class_name.size() && std::islower(static_cast<unsigned char>(class_name[k])); };
        // Before a capital that begins a word, and between a small letter and a capital.
        if (i > 0 && upper(i) && (lower(i + 1) || lower(i - 1))) text += '_';
        text += static_cast<char>(std::tolower(static_cast<unsigned char>(class_name[i])));
    }
    return text;
}

std::string default_name(const std::string& class_name, const std::vector<std::string>& taken) {
    const std::string base = snake_case(class_name);
    std::string name = base;
    for (int i = 1; std::find(taken.begin(), taken.end(), name) != taken.end(); ++i) name = base + "_" + std::to_string(i);
    return name;
}

}  // namespace weft::nn
