#include <weft/autograd/error.hpp>
#include <weft/nn/saving/normalize.hpp>

#include <fmt/core.h>

#include <map>

namespace weft::nn::saving {
namespace {

bool is_entry(const json& value) {
    return value.is_object() && value.contains("class_name") && value["class_name"].is_string() &&
           value.contains("config");
}

// {"class_name": "__tensor__", "config": {"value": [0.0], ...}} and the like: the value itself.
void unwrap_constants(json& value) {
    if (is_entry(value)) {
        const std::string& type = value["class_name"].get_ref<const std::string&>();
        if ((type == "__tensor__" || type == "__numpy__" || type == "__tuple__") && value["config"].is_object() &&
            value["config"].contains("value")) {
            json inner = value["config"]["value"];
            const bool scalar = type != "__tuple__" && inner.is_array() && inner.size() == 1 && inner[0].is_number();
            value = scalar ? json(inner[0]) : std::move(inner);
        }
    }
    if (value.is_structured())
        for (json& part : value) unwrap_constants(part);
}

const std::map<std::string, std::string>& aliases() {
    static const std::map<std::string, std::string> table{{"Convolution1D", "Conv1D"},
                                                          {"Convolution2D", "Conv2D"},
                                                          {"Convolution2DTranspose", "Conv2DTranspose"},
                                                          {"Conv1D", "Conv1D"},
                                                          {"SeparableConvolution1D", "SeparableConv1D"},
                                                          {"SeparableConvolution2D", "SeparableConv2D"},
                                                          {"MaxPool1D", "MaxPooling1D"},
                                                          {"MaxPool2D", "MaxPooling2D"},
                                                          {"AvgPool1D", "AveragePooling1D"},
                                                          {"AvgPool2D", "AveragePooling2D"},
                                                          {"GlobalMaxPool1D", "GlobalMaxPooling1D"},
                                                          {"GlobalMaxPool2D", "GlobalMaxPooling2D"},
                                                          {"GlobalAvgPool1D", "GlobalAveragePooling1D"},
                                                          {"GlobalAvgPool2D", "GlobalAveragePooling2D"},
                                                          {"BatchNormalizationV1", "BatchNormalization"},
                                                          {"BatchNormalizationV2", "BatchNormalization"},
                                                          {"SyncBatchNormalization", "BatchNormalization"},
                                                          {"LSTMV2", "LSTM"},
                                                          {"GRUV2", "GRU"}};
    return table;
}

// Keras 1 and 2 clip 0.2 x + 0.5; Keras 3 clips x / 6 + 0.5. The files have one word for both.
void settle_hard_sigmoid(json& config, const KerasVersion& version) {
    for (auto& [key, value] : config.items()) {
        if (!key.ends_with("activation")) continue;
        json& word = value.is_object() && value.contains("config") ? value["config"] : value;
        if (word != "hard_sigmoid") continue;
        if (!version.known())
            throw ValueError(
                "'hard_sigmoid' means one thing in Keras 1 and 2 and another in Keras 3, and the file does not say "
                "which Keras wrote it (keras_version)");
        if (version.major < 3) word = "hard_sigmoid_keras2";
    }
}

void set_default(json& config, const char* key, const json& value) {
    if (!config.contains(key) || config[key].is_null()) config[key] = value;
}

void settle_defaults(const std::string& type, json& config, const KerasVersion& version) {
    if (!version.known() || version.major >= 3) return;
    if (type == "LSTM" || type == "GRU")
        set_default(config, "recurrent_activation",
                    version.standalone() && !version.at_least(2, 3) ? "hard_sigmoid" : "sigmoid");
    if (type == "GRU") set_default(config, "reset_after", !version.standalone());
}

}  // namespace

void normalize(json& entry, const Writer& writer) {
    const KerasVersion& version = writer.version;
    if (!is_entry(entry)) return;
    if (version.major <= 1) rename_keras1(entry);
    std::string type = entry["class_name"];
    if (const auto known = aliases().find(type); known != aliases().end()) type = known->second;
    entry["class_name"] = type;
    json& config = entry["config"];
    if (config.is_array()) {
        for (json& layer : config) normalize(layer, writer);
        return;
    }
    if (!config.is_object()) return;
    for (auto& [key, value] : config.items()) {
        if (key == "layers" && value.is_array())
            for (json& layer : value) normalize(layer, writer);
        else if (is_entry(value)) {
            unwrap_constants(value);
            normalize(value, writer);
        } else if (value.is_structured() && key != "layers") unwrap_constants(value);
    }
    settle_defaults(type, config, version);
    settle_hard_sigmoid(config, version);
}

}  // namespace weft::nn::saving
