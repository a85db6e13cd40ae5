// Models as Keras's JSON, and back.
#pragma once

#include <weft/nn/model.hpp>
#include <weft/nn/saving/bounded_json.hpp>
#include <weft/nn/saving/keras_version.hpp>

#include <string>

namespace weft::nn::saving {

/// Whose words are used where one form cannot serve both: the first states of a recurrent layer.
enum class Words { keras2, keras3 };

/// {"class_name": "Sequential", "config": {...}} in the profile that Keras 2.2.3 and later, tf.keras and every Keras 3
/// load. Throws ValueError for a model that is not built, or has no such form.
json model_config(const Model& model, Words words);
/// The model that such a config describes, of whatever version, with its weights as initialized. `file` is for error
/// texts. Throws FileError for JSON of the wrong form, ValueError for layers or settings that are not supported.
Model model_from_config(json config, const Writer& writer, const std::string& file);

/// What compile was told, as a legacy file has it; null if the model is not compiled, or with what has no name in
/// Keras.
json training_config(const Model& model);
/// The same as a .keras archive has it.
json compile_config(const Model& model);
/// Compiles the model as either of these says. Throws ValueError for settings that are not supported.
void compile_from_config(Model& model, const json& config, const Writer& writer, const std::string& file);

}  // namespace weft::nn::saving
