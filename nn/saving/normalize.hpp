// Configs of every version, brought to one form: Keras 2's and 3's names, and nothing left to a version's default.
#pragma once

#include <weft/nn/saving/bounded_json.hpp>
#include <weft/nn/saving/keras_version.hpp>

namespace weft::nn::saving {

/// A model's or layer's {"class_name", "config"} with all that is within it: Keras 1's names become Keras 2's, aliases
/// the class they stand for, wrapped constants plain values, and what depends on the writer is spelled out. Throws
/// ValueError where that cannot be told.
void normalize(json& entry, const Writer& writer);

/// Keras 1's class and keys as Keras 2's, in one layer's entry.
void rename_keras1(json& entry);

}  // namespace weft::nn::saving
