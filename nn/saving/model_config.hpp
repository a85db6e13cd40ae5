// Models as Keras's JSON, and back: keras-team's `model_config` and `training_config`.
#pragma once

#include <weft/nn/model.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace weft::nn::saving {

/// {"class_name": "Sequential", "config": {...}} in the profile that Keras 2.2.3 and later, tf.keras and every Keras 3
/// load. Throws ValueError for a model that is not built, or has no such form.
nlohmann::json model_config(const Model& model);
/// What compile was told; null if the model is not compiled.
nlohmann::json training_config(const Model& model);

/// The model that a config describes, with its weights as initialized. `file` is for error texts.
/// Throws FileError for JSON of the wrong form, ValueError for layers or settings that are not supported.
Model model_from_config(const nlohmann::json& config, const std::string& file);
/// Compiles the model as a training_config says; leaves it uncompiled if that is null.
void compile_from_config(Model& model, const nlohmann::json& config, const std::string& file);

/// Parses JSON of bounded depth. Throws FileError.
nlohmann::json parse_json(const std::string& text, const std::string& where);

}  // namespace weft::nn::saving
