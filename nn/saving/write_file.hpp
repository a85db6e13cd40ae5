// Writing a model, with what fit wants to find again.
#pragma once

#include <weft/nn/model.hpp>
#include <weft/nn/saving/bounded_json.hpp>

#include <string>

namespace weft::nn::saving {

/// As Model::save, with `progress` (none, if null) in the attribute weft_training of the HDF5 file.
void write_file(const Model& model, const std::string& path, const json& progress);

}  // namespace weft::nn::saving
