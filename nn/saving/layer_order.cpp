#include <weft/nn/saving/layer_order.hpp>

#include <unordered_set>

namespace weft::nn::saving {
namespace {

bool is_trained(const State::Weight& weight) { return weight.trainable && weight.tensor.requires_grad(); }

using Seen = std::unordered_set<const void*>;

void collect(const State& state, const std::string& path, bool trained, Seen& seen, std::vector<NamedTensor>& found) {
    for (const State::Weight& weight : state.weights)
        if (is_trained(weight) == trained && seen.insert(weight.tensor.impl()).second)
            found.push_back({path + weight.name, weight.tensor});
    for (const auto& [name, child] : state.children) collect(*child, path + name + "/", trained, seen, found);
}

void collect(const Module& module, const std::string& path, bool trained, Seen& seen, std::vector<NamedTensor>& found) {
    const auto* model = dynamic_cast<const Model*>(&module);
    if (!model || model->graph().nodes.empty()) return collect(*module.state(), path, trained, seen, found);
    for (const GraphNode* node : model->graph().layers())
        collect(*node->layer, path + node->name + "/", trained, seen, found);
}

}  // namespace

std::vector<NamedTensor> legacy_weights(const Module& module) {
    std::vector<NamedTensor> found;
    Seen seen;
    collect(module, "", true, seen, found);
    collect(module, "", false, seen, found);
    return found;
}

std::vector<NamedTensor> trained_weights(const Module& module) {
    std::vector<NamedTensor> found;
    Seen seen;
    collect(module, "", true, seen, found);
    return found;
}

}  // namespace weft::nn::saving
