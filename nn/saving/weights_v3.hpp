// Keras 3's layout of weights: layers/<class name>/vars/0, 1, ...
#pragma once

#include <weft/nn/saving/assignment.hpp>
#include <weft/nn/model.hpp>

#include <optional>

namespace weft::nn::saving {

/// A group of the layout and the weights in it: "layers/dense_1/vars".
struct WeightGroup {
    std::string path;
    Tensors weights;
};

/// All groups of a model. The names come from the classes, counted within each container; a model within is a container
/// in its layer's place; the parts of a layer stand under their own names.
std::vector<WeightGroup> weight_groups(const Model& model);

void write_weight_group(const data::Hdf5Object& root, const WeightGroup& group);

/// A group of the layout in whatever form a version wrote it: "layers" is "_layer_checkpoint_dependencies" in early
/// files, and Windows wrote the parts of a path into one name. Nothing if it is not there.
std::optional<data::Hdf5Object> find_v3_group(const data::Hdf5Object& root, const std::string& path);

/// Whether an HDF5 file has this layout.
bool is_weights_v3(const data::Hdf5Object& root);

/// Which weight takes which dataset; the files are the shards of one model, or one. Throws FileError where a group is
/// missing or holds another number of weights, unless these may be skipped.
std::vector<Assignment> v3_assignments(const Model& model, const std::vector<data::Hdf5Object>& files,
                                       bool skip_mismatch = false);

/// The datasets of a group that are named 0, 1, 2, ..., in that order.
std::vector<std::string> numbered(const data::Hdf5Object& group);

}  // namespace weft::nn::saving
