// How a saved model finds its layers: each registers itself, beside its own code, under its Keras class.
#pragma once

#include <weft/nn/layer.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weft::nn {

/// Makes a layer from its Keras config. It reads every key that the layer has: make_layer refuses what nobody read.
using LayerFactory = std::function<Layer(const nlohmann::json& config)>;

/// Registers a class of one's own, or of weft's: static const bool registered = register_layer("Dense", ...);
/// The last registration of a name counts.
bool register_layer(const std::string& class_name, LayerFactory factory);

/// The layer that a config describes, with its name, element type and frozen or not. Throws ValueError for a class
/// nobody registered, with suggestions, and for a key that neither the factory has read nor the layer's own config()
/// knows, unless its value is one that changes nothing.
Layer make_layer(const std::string& class_name, const nlohmann::json& config);

std::vector<std::string> registered_layers();

/// {"class_name": ..., "config": ...}: a layer as it stands within a model's or another layer's config, under its own
/// name or another.
nlohmann::json nested_config(const Module& layer);
nlohmann::json nested_config(const Module& layer, const std::string& name);

// Reading a config tolerantly; each throws ValueError that names the key.
/// Whether the key is there with a value.
bool config_has(const nlohmann::json& config, const char* key);
/// The value of a key as it stands; null if it is not there.
const nlohmann::json& config_value(const nlohmann::json& config, const char* key);
/// A layer within a layer, as nested_config writes it.
Layer nested_layer(const nlohmann::json& config, const char* key);
std::int64_t config_int(const nlohmann::json& config, const char* key, std::int64_t otherwise);
double config_number(const nlohmann::json& config, const char* key, double otherwise);
bool config_bool(const nlohmann::json& config, const char* key, bool otherwise);
std::string config_string(const nlohmann::json& config, const char* key, const std::string& otherwise);
/// A list of whole numbers; a single one counts as a list of `length` equal ones; null gives an empty list.
std::vector<std::int64_t> config_ints(const nlohmann::json& config, const char* key, std::size_t length);
/// An activation by its string, or by Keras 3's dictionary around it.
std::string config_activation(const nlohmann::json& config, const char* key = "activation");
/// An initializer by its string or dictionary; one that is not known becomes zeros, as weights are about to be loaded.
Initializer config_initializer(const nlohmann::json& config, const char* key, const Initializer& otherwise);
/// A regularizer in any of the forms that Keras writes; null or no such key gives none.
Regularizer config_regularizer(const nlohmann::json& config, const char* key);
void put_regularizer(nlohmann::json& config, const char* key, const Regularizer& regularizer);
nlohmann::json initializer_config(const Initializer& initializer);

/// What a layer's config says of one of its weights, "kernel" or "bias": <weight>_initializer, <weight>_regularizer and
/// <weight>_constraint. Reading leaves what the config does not name; throws ValueError for a regularizer or constraint
/// that is not known, which null is not.
void put_weight(nlohmann::json& config, const std::string& weight, const Initializer& initializer,
                const Regularizer& regularizer, const Constraint& constraint);
void read_weight(const nlohmann::json& config, const std::string& weight, Initializer& initializer,
                 Regularizer& regularizer, Constraint& constraint);
/// The options of a layer with a kernel, a bias and an activity regularizer.
template <class Options>
void put_kernel_and_bias(nlohmann::json& config, const Options& options) {
    put_weight(config, "kernel", options.kernel_initializer, options.kernel_regularizer, options.kernel_constraint);
    put_weight(config, "bias", options.bias_initializer, options.bias_regularizer, options.bias_constraint);
    put_regularizer(config, "activity_regularizer", options.activity_regularizer);
}
template <class Options>
void read_kernel_and_bias(const nlohmann::json& config, Options& options) {
    read_weight(config, "kernel", options.kernel_initializer, options.kernel_regularizer, options.kernel_constraint);
    read_weight(config, "bias", options.bias_initializer, options.bias_regularizer, options.bias_constraint);
    options.activity_regularizer = config_regularizer(config, "activity_regularizer");
}

}  // namespace weft::nn
