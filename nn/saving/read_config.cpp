#include <weft/nn/registry.hpp>
#include <weft/nn/saving/model_config.hpp>
#include <weft/nn/saving/normalize.hpp>
#include <weft/nn/sequential.hpp>
#include <weft/nn/symbol.hpp>

#include <fmt/core.h>

#include <map>
#include <set>

namespace weft::nn::saving {
namespace {

[[noreturn]] void malformed(const std::string& file, const std::string& what) {
    throw FileError(fmt::format("{}: its model config {}", file, what));
}

Shape shape_from(const json& list, const std::string& file) {
    if (!list.is_array() || list.empty() || list.size() > Shape::max_rank)
        malformed(file, "has an input shape that is none");
    Shape shape;
    for (const json& n : list) {
        if (!n.is_null() && !n.is_number_integer()) malformed(file, "has an input shape that is none");
        const std::int64_t size = n.is_null() ? None : n.get<std::int64_t>();
        if (size != None && (size < 1 || size > (std::int64_t{1} << 31)))
            malformed(file, "has an input shape out of range");
        shape.push_back(size);
    }
    shape[0] = None;
    return shape;
}

// Keras 3 keeps a model's inputs' shapes within a list where there is one.
const json& shape_list(const json& value) {
    const json* shape = &value;
    while (shape->is_array() && shape->size() == 1 && (*shape)[0].is_array()) shape = &(*shape)[0];
    return *shape;
}

std::optional<Shape> shape_in(const json& config, std::initializer_list<const char*> keys, const std::string& file) {
    for (const char* key : keys)
        if (const json& value = member_or_null(config, key); value.is_array())
            return shape_from(shape_list(value), file);
    return {};
}

bool is_model(const std::string& type) { return type == "Sequential" || type == "Functional" || type == "Model"; }

Model model_from(const json& entry, const std::string& file);

Layer layer_from(const json& entry, const std::string& file) {
    const std::string& type = text_member(entry, "class_name", file);
    const json& config = member(entry, "config", file);
    const json& name = member_or_null(entry, "name").is_string() ? entry["name"] : member_or_null(config, "name");
    if (is_model(type)) {
        Model model = model_from(entry, file);
        if (name.is_string()) model.set_name(name.get<std::string>());
        if (!model.graph().chain) return model;
        return Sequential(model);
    }
    if (!config.is_object()) malformed(file, fmt::format("has a layer {} without settings", excerpt(name)));
    try {
        json named = config;
        if (name.is_string()) named["name"] = name;
        // A class of one's own may stand under its package, as in "my_package>MyLayer".
        const std::size_t package = type.rfind('>');
        return make_layer(package == std::string::npos ? type : type.substr(package + 1), named);
    } catch (const FileError&) {
        throw;
    } catch (const Error& error) {
        throw ValueError(fmt::format("{}: layer {}: {}", file, excerpt(name), error.what()));
    }
}

Model sequential_from(const json& entry, const json& body, const std::string& file) {
    const json& entries = body.is_array() ? body : member(body, "layers", file);
    if (!entries.is_array() || entries.empty()) malformed(file, "has no layers");
    std::optional<Shape> input;
    std::vector<Layer> layers;
    for (const json& layer : entries) {
        const std::string& type = text_member(layer, "class_name", file);
        const json& config = member(layer, "config", file);
        if (!input && layers.empty()) input = shape_in(config, {"batch_shape", "batch_input_shape"}, file);
        if (type == "InputLayer") continue;
        if (!input && layers.empty()) input = shape_in(member_or_null(layer, "build_config"), {"input_shape"}, file);
        layers.push_back(layer_from(layer, file));
    }
    if (layers.empty()) malformed(file, "has no layers");
    if (!input && !body.is_array()) input = shape_in(body, {"build_input_shape"}, file);
    if (!input) input = shape_in(member_or_null(entry, "build_config"), {"input_shape"}, file);
    if (!input) {
        const auto* first = layers[0].as<Model>();
        if (first && !first->graph().input_shapes.empty()) input = first->graph().input_shapes[0];
    }
    if (!input) malformed(file, "does not say the shape of the input");

    Sequential model;
    if (const json& name = member_or_null(body, "name"); name.is_string()) model.set_name(name.get<std::string>());
    model.to(layers[0]->state()->dtype);
    Shape sample = *input;
    sample.erase(0);
    layers[0]->state()->input_shape = sample;
    for (const Layer& layer : layers) {
        try {
            model.add(layer);
        } catch (const FileError&) {
            throw;
        } catch (const Error& error) {
            throw ValueError(fmt::format("{}: {}", file, error.what()));
        }
    }
    return model;
}

// --- functional models
// --------------------------------------------------------------------------------------------------

// A result of a call of a layer.
struct Reference {
    std::string layer;
    int call = 0, result = 0;
};

// The layers of a functional config and their calls, made on the way back from the outputs.
class Drawing {
public:
    Drawing(const json& body, const std::string& file) : file_(file) {
        const json& layers = member(body, "layers", file);
        if (!layers.is_array() || layers.empty()) malformed(file, "has no layers");
        for (const json& entry : layers) {
            const json& name = member_or_null(entry, "name").is_string()
                                   ? entry["name"]
                                   : member_or_null(member(entry, "config", file), "name");
            if (!name.is_string()) malformed(file, "has a layer without a name");
            if (!entries_.emplace(name.get<std::string>(), &entry).second)
                malformed(file, fmt::format("has two layers named {}", excerpt(name)));
        }
    }

    Symbol outputs(const json& list) {
        outputs_ = list;
        return symbols(references(list));
    }
    Symbol inputs(const json& list) {
        std::vector<Symbol> all;
        for (const Reference& reference : references(list)) all.push_back(input(reference.layer));
        return all;
    }

private:
    using Call = std::pair<std::string, int>;

    // [["a", 0, 0], ["b", 0, 0]], or ["a", 0, 0] for a single one.
    std::vector<Reference> references(const json& list) const {
        if (!list.is_array() || list.empty()) malformed(file_, "names no inputs or outputs");
        std::vector<Reference> found;
        if (list[0].is_string()) return {reference(list)};
        for (const json& one : list) found.push_back(reference(one));
        return found;
    }

    Reference reference(const json& triple) const {
        if (!triple.is_array() || triple.size() < 3 || !triple[0].is_string() || !triple[1].is_number_integer() ||
            !triple[2].is_number_integer())
            malformed(file_, fmt::format("has a connection {} that is none", excerpt(triple)));
        return {triple[0].get<std::string>(), triple[1].get<int>(), triple[2].get<int>()};
    }

    const json& entry(const std::string& name) const {
        const auto found = entries_.find(name);
        if (found == entries_.end()) malformed(file_, fmt::format("connects a layer '{}' that it does not have", name));
        return *found->second;
    }

    // Keras counts the calls of a model within a model from 1, the first being its own making; its later versions from
    // 0.
    int first_call(const std::string& name) const {
        const json& type = member_or_null(entry(name), "class_name");
        if (!type.is_string() || !is_model(type)) return 0;
        const json& nodes = member(entry(name), "inbound_nodes", file_);
        std::int64_t last = last_call(outputs_, name);
        for (const auto& [other, layer] : entries_)
            last = std::max(last, last_call(member_or_null(*layer, "inbound_nodes"), name));
        return nodes.is_array() && last >= static_cast<std::int64_t>(nodes.size()) ? 1 : 0;
    }

    // The greatest number of a call of that layer in references anywhere within.
    static std::int64_t last_call(const json& value, const std::string& name) {
        if (!value.is_structured()) return -1;
        if (value.is_array() && value.size() >= 3 && value[0] == name && value[1].is_number_integer())
            return value[1].get<std::int64_t>();
        std::int64_t last = -1;
        for (const json& part : value) last = std::max(last, last_call(part, name));
        return last;
    }

    bool is_input(const std::string& name) const { return member_or_null(entry(name), "class_name") == "InputLayer"; }

    Symbol input(const std::string& name) {
        if (const auto known = made_.find({name, 0}); known != made_.end()) return known->second;
        if (!is_input(name)) malformed(file_, fmt::format("takes the layer '{}' for an input", name));
        const json& config = member(entry(name), "config", file_);
        const auto shape = shape_in(config, {"batch_shape", "batch_input_shape"}, file_);
        if (!shape) malformed(file_, fmt::format("does not say the shape of the input '{}'", name));
        Shape sample = *shape;
        sample.erase(0);
        const json& dtype = member_or_null(config, "dtype");
        const bool whole = dtype.is_string() && (dtype.get<std::string>().starts_with("int") ||
                                                 dtype.get<std::string>().starts_with("uint"));
        return made_.emplace(Call{name, 0}, Input(sample, {.dtype = whole ? int64 : float32, .name = name}))
            .first->second;
    }

    // What a call takes, in order; throws for what cannot be told or changes the result.
    std::vector<Reference> arguments(const Call& call) const {
        const json& nodes = member(entry(call.first), "inbound_nodes", file_);
        const int index = call.second - first_call(call.first);
        if (!nodes.is_array() || index < 0 || static_cast<std::size_t>(index) >= nodes.size())
            malformed(file_,
                      fmt::format("uses call {} of the layer '{}', which is not there", call.second, call.first));
        const json& node = nodes[static_cast<std::size_t>(index)];
        std::vector<Reference> found;
        if (node.is_object()) {  // Keras 3
            collect(member(node, "args", file_), call.first, found);
            keywords(member_or_null(node, "kwargs"), call.first, found);
            return found;
        }
        if (!node.is_array() || node.empty())
            malformed(file_, fmt::format("has a call of '{}' without inputs", call.first));
        std::vector<const json*> triples;
        if (node[0].is_string()) triples.push_back(&node);
        else for (const json& one : node) triples.push_back(&one);
        for (const json* triple : triples) found.push_back(reference(*triple));
        for (const json* triple : triples)
            if (triple->size() > 3) keywords((*triple)[3], call.first, found);
        return found;
    }

    static bool is_tensor(const json& value) {
        return value.is_object() && member_or_null(value, "class_name") == "__keras_tensor__";
    }

    // Tensors of Keras 3's or Keras 2's kind, however deep in lists.
    void collect(const json& value, const std::string& layer, std::vector<Reference>& found) const {
        if (is_tensor(value))
            found.push_back(reference(member(member(value, "config", file_), "keras_history", file_)));
        else if (value.is_array() && value.size() >= 3 && value[0].is_string() &&
                 entries_.contains(value[0].get<std::string>()))
            found.push_back(reference(value));
        else if (value.is_array())
            for (const json& part : value) collect(part, layer, found);
        else if (!value.is_null())
            throw ValueError(
                fmt::format("{}: layer '{}' is called with {}, which is not supported", file_, layer, excerpt(value)));
    }

    // Masks that Keras 3 draws as layers of their own travel with the tensors here.
    bool is_drawn_mask(const json& value) const {
        if (!is_tensor(value)) return false;
        const Reference from = reference(member(member(value, "config", file_), "keras_history", file_));
        const json& type = member_or_null(entry(from.layer), "class_name");
        return type == "NotEqual" || type == "Any" || type == "LogicalAnd" || type == "Ones";
    }

    void keywords(const json& given, const std::string& layer, std::vector<Reference>& found) const {
        if (!given.is_object()) return;
        static const std::set<std::string> tensors{"initial_state", "value", "key",   "inputs",
                                                   "sequences",     "query", "states"};
        for (const char* name : {"inputs", "sequences", "query", "value", "key", "initial_state", "states"})
            if (given.contains(name)) collect(given[name], layer, found);
        for (const auto& [name, value] : given.items()) {
            if (tensors.contains(name) || value.is_null() || value == false || value == json::object()) continue;
            if (name.find("mask") != std::string::npos && is_drawn_mask(value)) continue;
            if (value.is_array() && std::all_of(value.begin(), value.end(), [&](const json& part) {
                    return part.is_null() || is_drawn_mask(part);
                }))
                continue;
            throw ValueError(fmt::format("{}: layer '{}' is called with {} = {}, which is not supported", file_, layer,
                                         name, excerpt(value)));
        }
    }

    Layer layer(const std::string& name) {
        if (const auto known = layers_.find(name); known != layers_.end()) return known->second;
        return layers_.emplace(name, layer_from(entry(name), file_)).first->second;
    }

    // Without recursion: a file may chain as many layers as it likes.
    Symbol symbols(const std::vector<Reference>& wanted) {
        std::vector<Call> path;
        std::set<Call> entered;
        for (const Reference& reference : wanted) path.push_back({reference.layer, reference.call});
        while (!path.empty()) {
            const Call call = path.back();
            if (made_.contains(call)) {
                path.pop_back();
                continue;
            }
            if (is_input(call.first)) {
                input(call.first);
                continue;
            }
            const std::vector<Reference> needed = arguments(call);
            if (entered.insert(call).second) {
                bool ready = true;
                for (const Reference& reference : needed) {
                    const Call before{reference.layer, reference.call};
                    if (made_.contains(before)) continue;
                    if (entered.contains(before))
                        malformed(file_, fmt::format("connects the layer '{}' in a circle", before.first));
                    path.push_back(before);
                    ready = false;
                }
                if (!ready) continue;
            }
            std::vector<Symbol> inputs;
            for (const Reference& reference : needed) {
                if (!made_.contains({reference.layer, reference.call}))
                    malformed(file_, fmt::format("connects the layer '{}' in a circle", reference.layer));
                inputs.push_back(result(reference));
            }
            try {
                made_.emplace(call, layer(call.first)(Symbol(inputs)));
            } catch (const FileError&) {
                throw;
            } catch (const Error& error) {
                const std::string text = error.what();
                throw ValueError(text.starts_with(file_) ? text
                                                         : fmt::format("{}: layer '{}': {}", file_, call.first, text));
            }
            path.pop_back();
        }
        std::vector<Symbol> results;
        for (const Reference& reference : wanted) results.push_back(result(reference));
        return results;
    }

    Symbol result(const Reference& reference) const {
        const Symbol& all = made_.at({reference.layer, reference.call});
        if (reference.result < 0 || static_cast<std::size_t>(reference.result) >= all.size())
            malformed(file_, fmt::format("uses result {} of the layer '{}', which gives {}", reference.result,
                                         reference.layer, all.size()));
        return all[static_cast<std::size_t>(reference.result)];
    }

    std::string file_;
    json outputs_;
    std::map<std::string, const json*> entries_;
    std::map<std::string, Layer> layers_;
    std::map<Call, Symbol> made_;
};

Model functional_from(const json& body, const std::string& file) {
    Drawing drawing(body, file);
    const Symbol inputs = drawing.inputs(member(body, "input_layers", file));
    const Symbol outputs = drawing.outputs(member(body, "output_layers", file));
    const json& name = member_or_null(body, "name");
    try {
        return Model(inputs, outputs, {.name = name.is_string() ? name.get<std::string>() : ""});
    } catch (const ValueError& error) {
        throw ValueError(fmt::format("{}: {}", file, error.what()));
    }
}

Model model_from(const json& entry, const std::string& file) {
    const std::string& type = text_member(entry, "class_name", file);
    const json& body = member(entry, "config", file);
    const bool functional = body.is_object() && body.contains("input_layers");
    if (!functional && type != "Sequential")
        throw ValueError(
            fmt::format("{}: it holds a model of class '{}', which is no Sequential and no functional model: what it "
                        "computes stands in Python alone",
                        file, type));
    Model model = functional ? functional_from(body, file) : sequential_from(entry, body, file);
    if (member_or_null(body, "trainable") == false) model.set_trainable(false);
    return model;
}

}  // namespace

Model model_from_config(json config, const Writer& writer, const std::string& file) {
    try {
        normalize(config, writer);
    } catch (const ValueError& error) {
        throw ValueError(fmt::format("{}: {}", file, error.what()));
    }
    return model_from(config, file);
}

}  // namespace weft::nn::saving
