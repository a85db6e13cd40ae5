#include <weft/autograd/suggest.hpp>
#include <weft/nn/activation.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace weft::nn {

using nlohmann::json;

namespace {

std::map<std::string, LayerFactory>& factories() {
    static std::map<std::string, LayerFactory> known;
    return known;
}

[[noreturn]] void refuse(const char* key, const char* wanted, const json& value) {
    throw ValueError(
        fmt::format("layer config: '{}' must be {}; the file says {}", key, wanted, value.dump().substr(0, 80)));
}

// The keys that have been read of the configs that factories are working on, outermost first.
struct Reading {
    const json* config;
    std::set<std::string> keys;
};
constinit thread_local std::vector<Reading>* readings = nullptr;

class ReadingScope {
public:
    explicit ReadingScope(const json& config) : outermost_(!readings) {
        if (outermost_) readings = new std::vector<Reading>;
        readings->push_back({&config, {}});
    }
    ~ReadingScope() {
        readings->pop_back();
        if (outermost_) delete std::exchange(readings, nullptr);
    }
    const std::set<std::string>& keys() const { return readings->back().keys; }

private:
    bool outermost_;
};

bool has(const json& config, const char* key) {
    if (readings && readings->back().config == &config) readings->back().keys.insert(key);
    return config.contains(key) && !config.at(key).is_null();
}

// Keys that some writer gives to layers which have no such option. A null, or one of these values, changes nothing.
bool changes_nothing(const std::string& key, const json& value) {
    static const std::set<std::string> whatever{"name",         "trainable",      "dtype",          "batch_input_shape",
                                                "batch_shape",  "seed",           "implementation", "unroll",
                                                "input_length", "renorm_momentum"};
    static const std::map<std::string, json> neutral{{"time_major", false},
                                                     {"groups", 1},
                                                     {"ragged", false},
                                                     {"sparse", false},
                                                     {"optional", false},
                                                     {"renorm", false},
                                                     {"virtual_batch_size", 0},
                                                     {"fused", true},
                                                     {"synchronized", false},
                                                     {"rms_scaling", false},
                                                     {"keepdims", false},
                                                     {"zero_output_for_mask", false},
                                                     {"stateful", false},
                                                     {"return_state", false},
                                                     {"use_gate", false},
                                                     {"mode", 0},
                                                     {"data_format", "channels_last"},
                                                     {"autocast", true},
                                                     {"activity_regularizer", json::object()}};
    if (value.is_null() || whatever.contains(key) || key.ends_with("_initializer"))
        return true;  // the weights are in the file
    const auto found = neutral.find(key);
    if (found != neutral.end() && value == found->second) return true;
    return key == "dilation_rate" &&
           (value == 1 ||
            (value.is_array() && std::all_of(value.begin(), value.end(), [](const json& n) { return n == 1; })));
}

void check_all_read(const Module& layer, const json& config, const std::set<std::string>& read) {
    const json own = layer.config();
    for (const auto& [key, value] : config.items())
        if (!read.contains(key) && !own.contains(key) && !changes_nothing(key, value))
            throw ValueError(fmt::format("{}: the setting '{}': {} is not supported here", layer.label(), key,
                                         value.dump().substr(0, 80)));
}

// "float64", or Keras 3's dictionary around it. Mixed precision keeps its weights as float32, and is computed so here.
DType dtype_of(const json& config) {
    const json* given = config.contains("dtype") ? &config.at("dtype") : nullptr;
    if (given && given->is_object() && given->contains("config") && given->at("config").contains("name"))
        given = &given->at("config").at("name");
    if (!given || given->is_null()) return float32;
    for (const char* known : {"float32", "mixed_float16", "mixed_bfloat16", "int32", "int64", "bool", "uint8"})
        if (*given == known) return float32;
    if (*given == "float64") return float64;
    throw ValueError(
        fmt::format("layer config: 'dtype' must be float32 or float64; the file says {}", given->dump().substr(0, 80)));
}

}  // namespace

bool register_layer(const std::string& class_name, LayerFactory factory) {
    factories()[class_name] = std::move(factory);
    return true;
}

std::vector<std::string> registered_layers() {
    std::vector<std::string> names;
    for (const auto& [name, factory] : factories()) names.push_back(name);
    return names;
}

Layer make_layer(const std::string& class_name, const json& config) {
    const auto found = factories().find(class_name);
    if (found == factories().end())
        throw ValueError(fmt::format(
            "load: the layer class '{}' is not known here. {} Register a class of your own with nn::register_layer.",
            class_name, suggest(class_name, registered_layers())));
    const std::string name = config_string(config, "name", "");
    const ReadingScope scope(config);
    Layer layer;
    try {
        layer = found->second(config);
    } catch (const Error& error) {
        throw ValueError(fmt::format("{} '{}': {}", class_name, name, error.what()));
    }
    layer->set_name(name);
    check_all_read(*layer, config, scope.keys());
    layer->to(dtype_of(config));
    if (!config_bool(config, "trainable", true)) layer->set_trainable(false);
    return layer;
}

json nested_config(const Module& layer, const std::string& name) {
    json config = layer.config();
    config["name"] = name;
    if (!layer.state()->trainable) config["trainable"] = false;  // not every class of Keras 3 takes the key
    config["dtype"] = std::string(weft::name(layer.state()->dtype));
    return {{"module", "keras.layers"},
            {"class_name", layer.class_name()},
            {"config", config},
            {"registered_name", nullptr}};
}

json nested_config(const Module& layer) { return nested_config(layer, layer.name()); }

bool config_has(const json& config, const char* key) { return has(config, key); }

const json& config_value(const json& config, const char* key) {
    static const json none;
    return has(config, key) ? config.at(key) : none;
}

Layer nested_layer(const json& config, const char* key) {
    const json& entry = config_value(config, key);
    if (!entry.is_object() || !entry.contains("class_name") || !entry["class_name"].is_string() ||
        !entry.contains("config") || !entry["config"].is_object())
        refuse(key, "a layer", entry);
    return make_layer(entry["class_name"].get<std::string>(), entry["config"]);
}

std::int64_t config_int(const json& config, const char* key, std::int64_t otherwise) {
    if (!has(config, key)) return otherwise;
    const json& value = config.at(key);
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (value.is_array() && value.size() == 1 && value[0].is_number_integer()) return value[0].get<std::int64_t>();
    refuse(key, "a whole number", value);
}

double config_number(const json& config, const char* key, double otherwise) {
    if (!has(config, key)) return otherwise;
    if (!config.at(key).is_number()) refuse(key, "a number", config.at(key));
    return config.at(key).get<double>();
}

bool config_bool(const json& config, const char* key, bool otherwise) {
    if (!has(config, key)) return otherwise;
    if (config.at(key) == 0 || config.at(key) == 1) return config.at(key) == 1;  // Python takes them for the same
    if (!config.at(key).is_boolean()) refuse(key, "true or false", config.at(key));
    return config.at(key).get<bool>();
}

std::string config_string(const json& config, const char* key, const std::string& otherwise) {
    if (!has(config, key)) return otherwise;
    if (!config.at(key).is_string()) refuse(key, "a string", config.at(key));
    return config.at(key).get<std::string>();
}

std::vector<std::int64_t> config_ints(const json& config, const char* key, std::size_t length) {
    if (!has(config, key)) return {};
    const json& value = config.at(key);
    if (value.is_number_integer()) return std::vector<std::int64_t>(length, value.get<std::int64_t>());
    if (!value.is_array() || value.size() > static_cast<std::size_t>(Shape::max_rank))
        refuse(key, "a list of whole numbers", value);
    std::vector<std::int64_t> numbers;
    for (const json& entry : value) {
        if (!entry.is_number_integer()) refuse(key, "a list of whole numbers", value);
        numbers.push_back(entry.get<std::int64_t>());
    }
    return numbers;
}

std::string config_activation(const json& config, const char* key) {
    if (!has(config, key)) return "linear";
    const json& value = config.at(key);
    if (value.is_object() && value.contains("config") && value["config"].is_string())
        return value["config"].get<std::string>();
    if (!value.is_string()) refuse(key, "an activation's name", value);
    return value.get<std::string>();
}

Initializer config_initializer(const json& config, const char* key, const Initializer& otherwise) {
    if (!has(config, key)) return otherwise;
    const json& value = config.at(key);
    try {
        if (value.is_string()) return Initializer(value.get<std::string>());
        if (value.is_object() && value.contains("class_name") && value["class_name"].is_string()) {
            Initializer::Config settings;
            Initializer::Words words;
            if (value.contains("config") && value["config"].is_object())
                for (const auto& [name, setting] : value["config"].items()) {
                    if (setting.is_number()) settings.emplace_back(name, setting.get<double>());
                    else if (setting.is_string()) words.emplace_back(name, setting.get<std::string>());
                }
            return Initializer::from_config(value["class_name"].get<std::string>(), settings, words);
        }
    } catch (const ValueError&) {
    }
    return init::zeros();
}

Regularizer config_regularizer(const json& config, const char* key) {
    if (!has(config, key)) return {};
    try {
        return Regularizer::from_config(config.at(key));
    } catch (const ValueError& error) {
        throw ValueError(fmt::format("'{}': {}", key, error.what()));
    }
}

void put_regularizer(json& config, const char* key, const Regularizer& regularizer) {
    config[key] = regularizer.config();
}

void put_weight(json& config, const std::string& weight, const Initializer& initializer, const Regularizer& regularizer,
                const Constraint& constraint) {
    config[weight + "_initializer"] = initializer_config(initializer);
    config[weight + "_regularizer"] = regularizer.config();
    config[weight + "_constraint"] = constraint.config();
}

void read_weight(const json& config, const std::string& weight, Initializer& initializer, Regularizer& regularizer,
                 Constraint& constraint) {
    initializer = config_initializer(config, (weight + "_initializer").c_str(), initializer);
    regularizer = config_regularizer(config, (weight + "_regularizer").c_str());
    const std::string key = weight + "_constraint";
    if (!has(config, key.c_str())) return;
    try {
        constraint = Constraint::from_config(config.at(key));
    } catch (const ValueError& error) {
        throw ValueError(fmt::format("'{}': {}", key, error.what()));
    }
}

json initializer_config(const Initializer& initializer) {
    json settings = json::object();
    if (initializer.keras_class().empty()) return "zeros";  // a function of one's own; the weights are in the file
    for (const auto& [name, value] : initializer.config()) settings[name] = value;
    for (const auto& [name, value] : initializer.words()) settings[name] = value;
    return {{"class_name", initializer.keras_class()}, {"config", settings}};
}

}  // namespace weft::nn
