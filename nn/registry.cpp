#include <weft/autograd/suggest.hpp>
#include <weft/nn/activation.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <map>

namespace weft::nn {

using nlohmann::json;

namespace {

std::map<std::string, LayerFactory>& factories() {
    static std::map<std::string, LayerFactory> known;
    return known;
}

[[noreturn]] void refuse(const char* key, const char* wanted, const json& value) {
    throw ValueError(fmt::format("layer config: '{}' must be {}; the file says {}", key, wanted, value.dump().substr(0, 80)));
}

bool has(const json& config, const char* key) { return config.contains(key) && !config.at(key).is_null(); }

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
        throw ValueError(fmt::format("load: the layer class '{}' is not known here. {} Register a class of your own with nn::register_layer.",
                                     class_name, suggest(class_name, registered_layers())));
    Layer layer = found->second(config);
    layer->set_name(config_string(config, "name", ""));
    return layer;
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
    if (!value.is_array() || value.size() > static_cast<std::size_t>(Shape::max_rank)) refuse(key, "a list of whole numbers", value);
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
    if (value.is_object() && value.contains("config") && value["config"].is_string()) return value["config"].get<std::string>();
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
                    if (setting.is_string()) words.emplace_back(name, setting.get<std::string>());
                }
            return Initializer::from_config(value["class_name"].get<std::string>(), settings, words);
        }
    } catch (const ValueError&) {
    }
    return init::zeros();
}

json initializer_config(const Initializer& initializer) {
    json settings = json::object();
    for (const auto& [name, value] : initializer.config()) settings[name] = value;
    for (const auto& [name, value] : initializer.words()) settings[name] = value;
    return {{"class_name", initializer.keras_class()}, {"config", settings}};
}

}  // namespace weft::nn
