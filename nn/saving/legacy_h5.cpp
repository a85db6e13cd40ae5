#include <weft/nn/saving/layer_order.hpp>
#include <weft/nn/saving/legacy_h5.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft::nn::saving {
namespace {

// What weft computes is what Keras 3 computes.
constexpr const char* keras_version = "3.0.0";
constexpr const char* backend = "tensorflow";

// The layers by name: those of the graph, or the children of a class of one's own.
struct Part {
    std::string name;
    std::vector<NamedTensor> weights;
    const Module* layer;  // null for a child of a class of one's own
};

std::vector<Part> parts_of(const Model& model) {
    std::vector<Part> parts;
    for (const GraphNode* node : model.graph().layers())
        parts.push_back({node->name, legacy_weights(*node->layer), &*node->layer});
    if (!parts.empty()) return parts;
    for (const NamedTensor& weight : legacy_weights(model)) {
        const std::size_t slash = weight.name.find('/');
        const std::string name = slash == std::string::npos ? "top" : weight.name.substr(0, slash);
        auto part = std::find_if(parts.begin(), parts.end(), [&](const Part& known) { return known.name == name; });
        if (part == parts.end()) part = parts.insert(part, {name, {}, nullptr});
        part->weights.push_back(
            {slash == std::string::npos ? weight.name : weight.name.substr(slash + 1), weight.tensor});
    }
    return parts;
}

struct Saved {
    std::string name;
    data::Hdf5Object group;
    std::vector<std::string> weights;
};

std::vector<Saved> saved_layers(const data::Hdf5Object& group) {
    const auto names = group.texts("layer_names");
    if (!names)
        throw FileError(
            fmt::format("{}: it has no layer_names, so it holds no weights of a Keras model", group.where()));
    std::vector<Saved> saved;
    for (const std::string& name : *names) {
        const data::Hdf5Object layer = group.group(name);
        auto weights = layer.texts("weight_names").value_or(std::vector<std::string>{});
        if (!weights.empty()) saved.push_back({name, layer, std::move(weights)});
    }
    return saved;
}

[[noreturn]] void disagree(const data::Hdf5Object& group, const std::vector<Saved>& saved,
                           const std::vector<Part>& parts) {
    std::string table = fmt::format("{:<32}{}\n", "the file", "the model");
    for (std::size_t i = 0; i < std::max(saved.size(), parts.size()); ++i)
        table +=
            fmt::format("{:<32}{}\n",
                        i < saved.size() ? fmt::format("{} ({} weights)", saved[i].name, saved[i].weights.size()) : "",
                        i < parts.size() ? fmt::format("{} ({} weights)", parts[i].name, parts[i].weights.size()) : "");
    throw FileError(fmt::format("{}: the layers with weights do not agree\n{}", group.where(), table));
}

// One layer's weights; throws FileError if their number or shapes differ.
std::vector<Assignment> layer_assignments(const Part& part, const Saved& saved, const Writer& writer) {
    Tensors converted;
    if (part.layer) converted = converted_weights(*part.layer, saved.group, saved.weights, writer);
    const std::size_t count = converted.empty() ? saved.weights.size() : converted.size();
    if (count != part.weights.size())
        throw FileError(fmt::format("{}: it holds {} weights; the model's '{}' has {}", saved.group.where(), count,
                                    part.name, part.weights.size()));
    std::vector<Assignment> assignments;
    for (std::size_t i = 0; i < count; ++i) {
        assignments.push_back({part.weights[i].tensor, saved.group,
                               converted.empty() ? saved.weights[i] : part.weights[i].name,
                               converted.empty() ? Tensor() : converted[i]});
        check(assignments.back());
    }
    return assignments;
}

// Keras 1 did not name the backend; only its TensorFlow ended names in ":0".
Writer settled(Writer writer, const std::vector<Saved>& saved) {
    if (writer.version.known() && writer.version.major > 1) return writer;
    writer.version.major = 1;
    if (writer.backend.empty() && !saved.empty() && !saved.front().weights.front().ends_with(":0"))
        writer.backend = "theano";
    return writer;
}

}  // namespace

void write_legacy_weights(const Model& model, const data::Hdf5Object& group) {
    std::vector<std::string> names;
    for (const Part& part : parts_of(model)) {
        names.push_back(part.name);
        const data::Hdf5Object layer = group.create_group(part.name);
        std::vector<std::string> weight_names;
        for (const NamedTensor& weight : part.weights) {
            weight_names.push_back(part.name + "/" + weight.name + ":0");
            layer.write(weight_names.back(), weight.tensor);
        }
        layer.write_texts("weight_names", weight_names);
    }
    group.write_texts("layer_names", names);
    group.write_text("backend", backend);
    group.write_text("keras_version", keras_version);
}

bool has_legacy_weights(const data::Hdf5Object& group) {
    return group.has_attribute("layer_names") || group.has_attribute("layer_names0");
}

std::vector<Assignment> legacy_assignments(const Model& model, const data::Hdf5Object& group, const Writer& given,
                                           const Matching& matching) {
    const std::vector<Saved> saved = saved_layers(group);
    std::vector<Part> parts = parts_of(model);
    std::erase_if(parts, [](const Part& part) { return part.weights.empty(); });
    const Writer writer = settled(given, saved);

    std::vector<std::pair<const Part*, const Saved*>> pairs;
    const auto named = [&](const std::string& name) {
        return std::find_if(saved.begin(), saved.end(), [&](const Saved& layer) { return layer.name == name; });
    };
    if (matching.by_name) {
        for (const Part& part : parts)
            if (const auto found = named(part.name); found != saved.end()) pairs.emplace_back(&part, &*found);
    } else {
        if (saved.size() != parts.size()) disagree(group, saved, parts);
        for (std::size_t i = 0; i < saved.size(); ++i) pairs.emplace_back(&parts[i], &saved[i]);
    }
    std::vector<Assignment> assignments;
    for (const auto& [part, layer] : pairs) {
        try {
            const auto some = layer_assignments(*part, *layer, writer);
            assignments.insert(assignments.end(), some.begin(), some.end());
        } catch (const FileError&) {
            if (!matching.skip_mismatch) throw;
        }
    }
    return assignments;
}

}  // namespace weft::nn::saving
