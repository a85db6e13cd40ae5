// Keras 3's layout of weights: layers/<class name>/vars/0, 1, ...
#pragma once

#include <weft/data/hdf5_file.hpp>
#include <weft/nn/model.hpp>

namespace weft::nn::saving {

void write_weights_v3(const Model& model, const data::Hdf5Object& root);
/// Everything is read and compared before the first weight changes. Throws FileError.
void read_weights_v3(Model& model, const data::Hdf5Object& root);

}  // namespace weft::nn::saving
