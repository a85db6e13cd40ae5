#include <weft/nn/saving/weights_v3.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace weft::nn::saving {
namespace {

void collect(const State& state, const std::string& place, std::vector<WeightGroup>& groups) {
    WeightGroup& own = groups.emplace_back(WeightGroup{place + "vars", {}});
    for (const State::Weight& weight : state.weights) own.weights.push_back(weight.tensor);
    for (const auto& [name, child] : state.children) collect(*child, place + name + "/", groups);
}

void collect(const Module& module, const std::string& place, std::vector<WeightGroup>& groups) {
    const auto* model = dynamic_cast<const Model*>(&module);
    if (!model || model->graph().nodes.empty()) return collect(*module.state(), place, groups);
    groups.push_back({place + "vars", {}});
    std::map<std::string, int> counts;
    for (const GraphNode* node : model->graph().layers()) {
        const std::string base = snake_case(node->layer->class_name());
        const int count = counts[base]++;
        collect(*node->layer, place + "layers/" + base + (count ? fmt::format("_{}/", count) : "/"), groups);
    }
}

std::string replaced(std::string text, char from, char to) {
    std::replace(text.begin(), text.end(), from, to);
    return text;
}

// The path as it is, and with its parts in one name but for the last.
std::optional<data::Hdf5Object> find_group(const data::Hdf5Object& root, const std::string& path) {
    if (root.is_group(path)) return root.group(path);
    const std::size_t last = path.rfind('/');
    if (last == std::string::npos) return {};
    const std::string together = replaced(path.substr(0, last), '/', '\\') + path.substr(last);
    if (root.is_group(together)) return root.group(together);
    return {};
}

constexpr const char* early_name = "_layer_checkpoint_dependencies";

}  // namespace

std::vector<WeightGroup> weight_groups(const Model& model) {
    std::vector<WeightGroup> groups;
    collect(model, "", groups);
    return groups;
}

void write_weight_group(const data::Hdf5Object& root, const WeightGroup& group) {
    const data::Hdf5Object written = root.create_group(group.path);
    for (std::size_t i = 0; i < group.weights.size(); ++i) written.write(std::to_string(i), group.weights[i]);
}

std::optional<data::Hdf5Object> find_v3_group(const data::Hdf5Object& root, const std::string& path) {
    if (auto found = find_group(root, path)) return found;
    if (!path.starts_with("layers/")) return {};
    return find_group(root, early_name + path.substr(path.find('/')));
}

bool is_weights_v3(const data::Hdf5Object& root) {
    if (root.is_group("layers") || root.is_group(early_name) || root.is_group("vars")) return true;
    const auto names = root.names();
    const std::string early = fmt::format("{}\\", early_name);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        return name.starts_with("layers\\") || name.starts_with(early);
    });
}

std::vector<std::string> numbered(const data::Hdf5Object& group) {
    std::vector<std::string> names = group.names();
    std::erase_if(names, [](const std::string& name) {
        return name.empty() || name.size() > 9 || name.find_first_not_of("0123456789") != std::string::npos;
    });
    std::sort(names.begin(), names.end(),
              [](const std::string& a, const std::string& b) { return std::stoi(a) < std::stoi(b); });
    return names;
}

std::vector<Assignment> v3_assignments(const Model& model, const std::vector<data::Hdf5Object>& files,
                                       bool skip_mismatch) {
    std::vector<Assignment> assignments;
    for (const auto& [path, weights] : weight_groups(model)) {
        if (weights.empty()) continue;
        std::vector<std::pair<data::Hdf5Object, std::string>> found;
        for (const data::Hdf5Object& file : files)
            if (const auto group = find_v3_group(file, path))
                for (const std::string& name : numbered(*group)) found.emplace_back(*group, name);
        std::vector<Assignment> some;
        try {
            if (found.empty())
                throw FileError(fmt::format("{}: it lacks '{}', which the model has {} weights for",
                                            files.front().where(), path, weights.size()));
            if (found.size() != weights.size())
                throw FileError(fmt::format("{}: it holds {} weights; the model's layer has {}",
                                            found.front().first.where(), found.size(), weights.size()));
            for (std::size_t i = 0; i < weights.size(); ++i) {
                const auto numbered_i = std::find_if(
                    found.begin(), found.end(), [&](const auto& entry) { return entry.second == std::to_string(i); });
                if (numbered_i == found.end())
                    throw FileError(fmt::format("{}: there is no '{}' in it", found.front().first.where(), i));
                some.push_back({weights[i], numbered_i->first, numbered_i->second});
                check(some.back());
            }
        } catch (const FileError&) {
            if (!skip_mismatch) throw;
            continue;
        }
        assignments.insert(assignments.end(), some.begin(), some.end());
    }
    return assignments;
}

}  // namespace weft::nn::saving
