#include <weft/nn/saving/legacy_h5.hpp>
#include <weft/nn/saving/weights_v3.hpp>

#include <fmt/core.h>

#include <map>

namespace weft::nn::saving {
namespace {

// Each group of the layout with the weights it holds: "layers/dense_1/vars". The names come from the classes, counted
// within each container; a nested model is a container in its layer's place.
using Groups = std::vector<std::pair<std::string, std::vector<Tensor>>>;

void collect(const Model& model, const std::string& path, Groups& groups) {
    std::map<std::string, int> counts;
    for (const GraphNode* node : model.graph().layers()) {
        const std::string base = snake_case(node->layer->class_name());
        const int count = counts[base]++;
        const std::string place = path + "layers/" + base + (count ? fmt::format("_{}", count) : "") + "/";
        if (const Model* inner = node->layer.as<Model>(); inner && !inner->graph().nodes.empty()) {
            groups.emplace_back(place + "vars", std::vector<Tensor>{});
            collect(*inner, place, groups);
            continue;
        }
        std::vector<Tensor> weights;
        for (const State::Weight& weight : node->layer->state()->weights) weights.push_back(weight.tensor);
        groups.emplace_back(place + "vars", std::move(weights));
    }
}

Groups groups_of(const Model& model) {
    if (model.graph().nodes.empty())
        throw ValueError(fmt::format("save_weights: {} is a class of its own, whose parts Keras 3's layout has no names for. Use a name that ends in .h5 but not in .weights.h5.", model.label()));
    Groups groups;
    collect(model, "", groups);
    return groups;
}

}  // namespace

void write_weights_v3(const Model& model, const data::Hdf5Object& root) {
    root.create_group("vars");
    for (const auto& [path, weights] : groups_of(model)) {
        const data::Hdf5Object group = root.create_group(path);
        for (std::size_t i = 0; i < weights.size(); ++i) group.write(std::to_string(i), weights[i]);
    }
}

void read_weights_v3(Model& model, const data::Hdf5Object& root) {
    std::vector<Assignment> assignments;
    for (const auto& [path, weights] : groups_of(model)) {
        if (weights.empty()) continue;
        if (!root.contains(path)) throw FileError(fmt::format("{}: it lacks '{}', which the model has {} weights for", root.where(), path, weights.size()));
        const data::Hdf5Object group = root.group(path);
        const std::size_t found = group.names().size();
        if (found != weights.size())
            throw FileError(fmt::format("{}: it holds {} weights; the model's layer has {}", group.where(), found, weights.size()));
        for (std::size_t i = 0; i < weights.size(); ++i) assignments.push_back(matched(weights[i], group, std::to_string(i)));
    }
    for (Assignment& assignment : assignments) assignment.weight.assign(assignment.value.to(assignment.weight.dtype()));
}

}  // namespace weft::nn::saving
