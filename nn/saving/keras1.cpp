// Keras 1's names.
#include <weft/nn/saving/normalize.hpp>

#include <map>
#include <set>

namespace weft::nn::saving {
namespace {

const std::map<std::string, std::string> class_names{{"Convolution1D", "Conv1D"},
                                                     {"Convolution2D", "Conv2D"},
                                                     {"AtrousConvolution1D", "Conv1D"},
                                                     {"AtrousConvolution2D", "Conv2D"},
                                                     {"Deconvolution2D", "Conv2DTranspose"},
                                                     {"SeparableConvolution2D", "SeparableConv2D"},
                                                     {"TimeDistributedDense", "Dense"}};

const std::map<std::string, std::string> keys{{"init", "kernel_initializer"},
                                              {"inner_init", "recurrent_initializer"},
                                              {"gamma_init", "gamma_initializer"},
                                              {"beta_init", "beta_initializer"},
                                              {"inner_activation", "recurrent_activation"},
                                              {"W_regularizer", "kernel_regularizer"},
                                              {"U_regularizer", "recurrent_regularizer"},
                                              {"b_regularizer", "bias_regularizer"},
                                              {"W_constraint", "kernel_constraint"},
                                              {"U_constraint", "recurrent_constraint"},
                                              {"b_constraint", "bias_constraint"},
                                              {"bias", "use_bias"},
                                              {"dropout_W", "dropout"},
                                              {"dropout_U", "recurrent_dropout"},
                                              {"output_dim", "units"},
                                              {"nb_filter", "filters"},
                                              {"border_mode", "padding"},
                                              {"atrous_rate", "dilation_rate"},
                                              {"subsample", "strides"},
                                              {"subsample_length", "strides"},
                                              {"filter_length", "kernel_size"},
                                              {"p", "rate"},
                                              {"pool_length", "pool_size"},
                                              {"stride", "strides"},
                                              {"sigma", "stddev"}};

// What says nothing about the result.
const std::set<std::string> left_out{"input_dtype", "consume_less", "input_dim", "input_length"};

// {"name": "WeightRegularizer", "l1": 0, "l2": 0.1} as {"class_name": "L1L2", "config": {"l1": 0, "l2": 0.1}}.
json described(const json& value) {
    if (!value.is_object() || !value.contains("name") || !value["name"].is_string()) return value;
    std::string type = value["name"];
    json config = value;
    config.erase("name");
    if (type.ends_with("Regularizer")) type = "L1L2";
    if (config.contains("m")) {
        config["max_value"] = config["m"];
        config.erase("m");
    }
    return {{"class_name", type}, {"config", config}};
}

const std::map<std::string, std::string> merges{
    {"sum", "Add"}, {"mul", "Multiply"}, {"ave", "Average"}, {"max", "Maximum"}, {"concat", "Concatenate"}};

void rename_merge(json& entry) {
    json& config = entry["config"];
    const auto found =
        config.contains("mode") && config["mode"].is_string() ? merges.find(config["mode"]) : merges.end();
    if (found == merges.end()) return;
    entry["class_name"] = found->second;
    json kept{{"name", config.value("name", json())}};
    if (found->second == "Concatenate") kept["axis"] = config.value("concat_axis", json(-1));
    config = kept;
}

}  // namespace

void rename_keras1(json& entry) {
    const std::string type = entry["class_name"];
    json& old = entry["config"];
    if (!old.is_object() || old.contains("layers")) return;
    if (type == "Merge") return rename_merge(entry);
    if (const auto found = class_names.find(type); found != class_names.end()) entry["class_name"] = found->second;
    const bool embedding = type == "Embedding";
    json renamed = json::object();
    for (const auto& [key, value] : old.items()) {
        const auto found = keys.find(key);
        if (embedding && (key == "output_dim" || key == "input_dim")) renamed[key] = value;
        else if (embedding && key == "init") renamed["embeddings_initializer"] = value;
        else if (embedding && (key == "W_regularizer" || key == "W_constraint"))
            renamed["embeddings" + key.substr(1)] = described(value);
        else if (embedding && key == "dropout" && value == 0) continue;
        else if (type == "BatchNormalization" && key == "init") continue;
        else if (key == "dim_ordering") renamed["data_format"] = value == "th" ? "channels_first" : "channels_last";
        else if (key == "forget_bias_init") {
            if (value == "one") renamed["unit_forget_bias"] = true;
        } else if (key == "nb_row") renamed["kernel_size"] = {value, old.value("nb_col", value)};
        else if (key == "nb_col" || left_out.contains(key)) continue;
        else if (key == "length" && type == "UpSampling1D") renamed["size"] = value;
        else renamed[found == keys.end() ? key : found->second] = described(value);
    }
    if (type == "LSTM" && !renamed.contains("unit_forget_bias")) renamed["unit_forget_bias"] = false;
    old = renamed;
}

}  // namespace weft::nn::saving
