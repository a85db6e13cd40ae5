// Keras's legacy HDF5 layout: a group for each layer, named by attributes.
#pragma once

#include <weft/nn/saving/assignment.hpp>
#include <weft/nn/saving/keras_version.hpp>
#include <weft/nn/model.hpp>

namespace weft::nn::saving {

/// The weights of each layer under `group`, with layer_names, weight_names, backend and keras_version.
void write_legacy_weights(const Model& model, const data::Hdf5Object& group);

/// How the layers of a file are found in the model.
struct Matching {
    bool by_name = false;        ///< layers of the same name; others, on either side, are left alone
    bool skip_mismatch = false;  ///< leave alone, too, what has other shapes or another number of weights
};

/// Which weight takes which dataset of such a group: layer by layer in order, where layers without weights do not
/// count, or by name. Weights of Keras 1 and of Theano's convolutions are converted. Throws FileError with both lists
/// where they disagree.
std::vector<Assignment> legacy_assignments(const Model& model, const data::Hdf5Object& group, const Writer& writer,
                                           const Matching& matching);

/// Whether these are a file's weights of the model, by the names of its layers alone.
bool has_legacy_weights(const data::Hdf5Object& group);

/// Keras 1's and Theano's weights of one layer as Keras 2 and TensorFlow order them; `names` are the datasets. Nothing
/// if they are that already.
std::vector<Tensor> converted_weights(const Module& layer, const data::Hdf5Object& group,
                                      const std::vector<std::string>& names, const Writer& writer);

}  // namespace weft::nn::saving
