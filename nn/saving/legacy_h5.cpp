#include <weft/nn/saving/legacy_h5.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

namespace weft::nn::saving {
namespace {

// What weft computes is what Keras 3 computes.
constexpr const char* keras_version = "3.0.0";
constexpr const char* backend = "tensorflow";

void collect(const State& state, const std::string& path, bool trainable, std::unordered_set<const void*>& seen, std::vector<NamedTensor>& found) {
    for (const State::Weight& weight : state.weights)
        if (weight.trainable == trainable && seen.insert(weight.tensor.impl()).second) found.push_back({path + weight.name, weight.tensor});
    for (const auto& [name, child] : state.children) collect(*child, path + name + "/", trainable, seen, found);
}

// The layers by name: those of the graph, or the children of a class of one's own.
std::vector<std::pair<std::string, const State*>> named_layers(const Model& model) {
    std::vector<std::pair<std::string, const State*>> layers;
    for (const GraphNode* node : model.graph().layers()) layers.emplace_back(node->name, node->layer->state().get());
    if (layers.empty())
        for (const auto& [name, child] : model.state()->children) layers.emplace_back(name, child.get());
    return layers;
}

std::vector<NamedTensor> ordered(const State& state) {
    std::vector<NamedTensor> found;
    std::unordered_set<const void*> seen;
    collect(state, "", true, seen, found);
    collect(state, "", false, seen, found);
    return found;
}

}  // namespace

std::vector<NamedTensor> legacy_order(const Module& layer) { return ordered(*layer.state()); }

void write_legacy_weights(const Model& model, const data::Hdf5Object& group) {
    std::vector<std::string> names;
    for (const auto& [name, state] : named_layers(model)) {
        names.push_back(name);
        const data::Hdf5Object layer = group.create_group(name);
        std::vector<std::string> weight_names;
        for (const NamedTensor& weight : ordered(*state)) {
            weight_names.push_back(name + "/" + weight.name + ":0");
            layer.write(weight_names.back(), weight.tensor);
        }
        layer.write_texts("weight_names", weight_names);
    }
    group.write_texts("layer_names", names);
    group.write_text("backend", backend);
    group.write_text("keras_version", keras_version);
}

Assignment matched(const Tensor& weight, const data::Hdf5Object& group, const std::string& dataset) {
    const Shape shape = group.shape_of(dataset);
    if (shape != weight.shape())
        throw FileError(fmt::format("{}/{}: its shape is {}; the model's weight is {}", group.where(), dataset, str(shape), describe(weight)));
    return {weight, group.read(dataset)};
}

void read_legacy_weights(Model& model, const data::Hdf5Object& group) {
    const auto layer_names = group.texts("layer_names");
    if (!layer_names) throw FileError(fmt::format("{}: it has no layer_names, so it holds no weights of a Keras model", group.where()));
    struct Saved {
        std::string name;
        data::Hdf5Object group;
        std::vector<std::string> weights;
    };
    std::vector<Saved> saved;
    for (const std::string& name : *layer_names) {
        const data::Hdf5Object layer = group.group(name);
        auto weights = layer.texts("weight_names").value_or(std::vector<std::string>{});
        if (!weights.empty()) saved.push_back({name, layer, std::move(weights)});
    }
    std::vector<std::pair<std::string, std::vector<NamedTensor>>> wanted;
    for (const auto& [name, state] : named_layers(model))
        if (auto weights = ordered(*state); !weights.empty()) wanted.emplace_back(name, std::move(weights));

    bool fits = saved.size() == wanted.size();
    for (std::size_t i = 0; fits && i < saved.size(); ++i) fits = saved[i].weights.size() == wanted[i].second.size();
    if (!fits) {
        std::string table = fmt::format("{:<32}{}\n", "the file", "the model");
        for (std::size_t i = 0; i < std::max(saved.size(), wanted.size()); ++i)
            table += fmt::format("{:<32}{}\n", i < saved.size() ? fmt::format("{} ({} weights)", saved[i].name, saved[i].weights.size()) : "",
                                 i < wanted.size() ? fmt::format("{} ({} weights)", wanted[i].first, wanted[i].second.size()) : "");
        throw FileError(fmt::format("{}: the layers with weights do not agree\n{}", group.where(), table));
    }
    std::vector<Assignment> assignments;
    for (std::size_t i = 0; i < saved.size(); ++i)
        for (std::size_t k = 0; k < saved[i].weights.size(); ++k)
            assignments.push_back(matched(wanted[i].second[k].tensor, saved[i].group, saved[i].weights[k]));
    for (Assignment& assignment : assignments) assignment.weight.assign(assignment.value.to(assignment.weight.dtype()));
}

}  // namespace weft::nn::saving
