// Keras's legacy HDF5 layout: a group for each layer, named by attributes.
#pragma once

#include <weft/data/hdf5_file.hpp>
#include <weft/nn/model.hpp>

namespace weft::nn::saving {

/// The weights of each layer under `group`, with layer_names, weight_names, backend and keras_version.
void write_legacy_weights(const Model& model, const data::Hdf5Object& group);
/// Reads such a group into a model, layer by layer in order; layers without weights do not count. Everything is read and
/// compared before the first weight changes. Throws FileError with both lists where they disagree.
void read_legacy_weights(Model& model, const data::Hdf5Object& group);

/// A tensor from a file and the weight that is to take it.
struct Assignment {
    Tensor weight, value;
};
/// The weight's value from a dataset, checked for its shape. Throws FileError.
Assignment matched(const Tensor& weight, const data::Hdf5Object& group, const std::string& dataset);

/// A layer's weights as a legacy file orders them: trained first, then the others.
std::vector<NamedTensor> legacy_order(const Module& layer);

}  // namespace weft::nn::saving
