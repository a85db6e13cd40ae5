#include <weft/nn/registry.hpp>
#include <weft/nn/saving/model_config.hpp>
#include <weft/nn/sequential.hpp>
#include <weft/optim/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn::saving {

using nlohmann::json;

namespace {

constexpr int deepest = 64;

json sizes(const Shape& shape) {
    json list = json::array();
    for (std::int64_t n : shape) list.push_back(n == None ? json() : json(n));
    return list;
}

json node_entry(const GraphNode& node) {
    const auto* model = node.layer.as<Model>();
    if (!model) return nested_config(*node.layer, node.name);
    json inner = model_config(*model);
    inner["config"]["name"] = node.name;
    return inner;
}

[[noreturn]] void malformed(const std::string& file, const char* what) {
    throw FileError(fmt::format("{}: its model_config {}", file, what));
}

const json& member(const json& object, const char* key, const std::string& file) {
    if (!object.is_object() || !object.contains(key)) malformed(file, fmt::format("lacks '{}'", key).c_str());
    return object.at(key);
}

Shape shape_from(const json& list, const std::string& file) {
    if (!list.is_array() || list.empty() || list.size() > Shape::max_rank) malformed(file, "has an input shape that is none");
    Shape shape;
    for (const json& n : list) {
        if (!n.is_null() && !n.is_number_integer()) malformed(file, "has an input shape that is none");
        const std::int64_t size = n.is_null() ? None : n.get<std::int64_t>();
        if (size != None && (size < 1 || size > (std::int64_t{1} << 40))) malformed(file, "has an input shape out of range");
        shape.push_back(size);
    }
    shape[0] = None;
    return shape;
}

}  // namespace

json parse_json(const std::string& text, const std::string& where) {
    bool too_deep = false;
    const auto watch = [&](int depth, json::parse_event_t, json&) {
        too_deep = too_deep || depth > deepest;
        return !too_deep;
    };
    json value = json::parse(text, watch, /*allow_exceptions=*/false);
    if (too_deep) throw FileError(fmt::format("{}: the JSON nests deeper than {} levels", where, deepest));
    if (value.is_discarded()) throw FileError(fmt::format("{}: the JSON is damaged", where));
    return value;
}

json model_config(const Model& model) {
    const Graph& graph = model.graph();
    if (graph.nodes.empty() || !graph.is_chain())
        throw ValueError(fmt::format("save: {} is no chain of layers, and only a Sequential's architecture can be saved. save_weights() works for any model.", model.label()));
    if (graph.input_shapes.empty())
        throw ValueError(fmt::format("save: {} is not built: its input's shape is not known. Call it once, or give its first layer an input_shape.", model.label()));
    json layers = json::array();
    layers.push_back({{"class_name", "InputLayer"},
                      {"config",
                       {{"batch_input_shape", sizes(graph.input_shapes[0])},
                        {"dtype", std::string(name(model.state()->dtype))},
                        {"sparse", false},
                        {"name", graph.nodes[0].name + "_input"}}}});
    for (const GraphNode& node : graph.nodes) layers.push_back(node_entry(node));
    return {{"class_name", "Sequential"}, {"config", {{"name", model.name().empty() ? "sequential" : model.name()}, {"layers", layers}}}};
}

namespace {

json setting(const optim::SettingValue& value) {
    return std::visit([](const auto& v) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>) return json();
        else return v;
    }, value);
}

}  // namespace

json training_config(const Model& model) {
    if (!model.compiled()) return {};
    const CompileOptions& options = model.compile_options();
    const Loss* loss = options.loss.single();
    if (!loss || !loss->defined() || loss->keras_name().empty()) return {};  // a loss of one's own has no name in Keras
    const optim::Optimizer& optimizer = model.optimizer();
    json settings = json::object();
    for (const auto& [key, value] : optimizer.settings())
        if (!std::holds_alternative<std::monostate>(value)) settings[key] = setting(value);
    json metrics = json::array();
    for (const Metrics& output : options.metrics.of_outputs(model.output_names(), "save"))
        for (const Metric& metric : output) metrics.push_back(metric.name());
    return {{"optimizer_config", {{"class_name", optimizer.keras_class()}, {"config", settings}}},
            {"loss", loss->keras_name()},
            {"metrics", metrics},
            {"weighted_metrics", nullptr},
            {"sample_weight_mode", nullptr},
            {"loss_weights", nullptr}};
}

namespace {

// Keras writes these for every optimizer; as they stand they change nothing.
bool changes_nothing(const std::string& key, const json& value) {
    for (const char* known : {"name", "jit_compile", "is_legacy_optimizer", "ema_momentum"})
        if (key == known) return true;
    return value.is_null() || value == false || value == 0;
}

}  // namespace

Model model_from_config(const json& config, const std::string& file) {
    const json& class_name = member(config, "class_name", file);
    if (class_name != "Sequential")
        throw ValueError(fmt::format("{}: it holds a model of class {}; only Sequential models can be loaded", file, class_name.dump()));
    const json& body = member(config, "config", file);
    const json& entries = body.is_array() ? body : member(body, "layers", file);
    if (!entries.is_array() || entries.empty()) malformed(file, "has no layers");

    Shape input;
    std::vector<Layer> layers;
    for (const json& entry : entries) {
        const json& type = member(entry, "class_name", file);
        const json& settings = member(entry, "config", file);
        if (!type.is_string()) malformed(file, "has a layer whose class is no text");
        if (settings.is_object())
            for (const char* key : {"batch_input_shape", "batch_shape"})
                if (layers.empty() && input.empty() && settings.contains(key) && !settings[key].is_null()) input = shape_from(settings[key], file);
        if (type == "InputLayer") continue;
        if (type == "Sequential" || type == "Functional" || type == "Model") {
            layers.push_back(Sequential(model_from_config(entry, file)));
            continue;
        }
        if (!settings.is_object()) malformed(file, "has a layer without settings");
        try {
            Layer layer = make_layer(type.get<std::string>(), settings);
            layers.push_back(layer);
        } catch (const Error& error) {
            throw ValueError(fmt::format("{}: layer {}: {}", file, settings.value("name", json("?")).dump(), error.what()));
        }
    }
    if (layers.empty()) malformed(file, "has no layers");
    if (input.empty() && body.is_object() && body.contains("build_input_shape") && body["build_input_shape"].is_array())
        input = shape_from(body["build_input_shape"], file);
    if (input.empty()) malformed(file, "does not say the shape of the input");

    Sequential model;
    model.to(layers[0]->state()->dtype);
    model.set_name(body.is_object() ? config_string(body, "name", "") : "");
    Shape sample = input;
    sample.erase(0);
    layers[0]->state()->input_shape = sample;
    for (const Layer& layer : layers) model.add(layer);
    return model;
}

void compile_from_config(Model& model, const json& config, const std::string& file) {
    if (!config.is_object() || !config.contains("optimizer_config") || !config.contains("loss")) return;
    const json& described = config["optimizer_config"];
    if (!described.is_object() || !described.contains("class_name") || !described["class_name"].is_string() || !config["loss"].is_string()) return;
    optim::Settings settings;
    if (described.contains("config") && described["config"].is_object())
        for (const auto& [key, value] : described["config"].items()) {
            if (changes_nothing(key, value)) continue;
            if (value.is_boolean()) settings.emplace_back(key, value.get<bool>());
            else if (value.is_number()) settings.emplace_back(key, value.get<double>());
        }
    std::vector<Metric> metrics;
    if (config.contains("metrics") && config["metrics"].is_array())
        for (const json& metric : config["metrics"])
            if (metric.is_string()) metrics.emplace_back(metric.get<std::string>());
    try {
        model.compile({.optimizer = OptimizerChoice(described["class_name"].get<std::string>(), settings),
                       .loss = Loss(config["loss"].get<std::string>()),
                       .metrics = Metrics(metrics)});
    } catch (const ValueError& error) {
        throw ValueError(fmt::format("{}: its training settings cannot be used: {}", file, error.what()));
    }
}

}  // namespace weft::nn::saving
