// What a model file is, and what lies in it.
#pragma once

#include <weft/nn/module.hpp>

#include <string>
#include <vector>

namespace weft::nn {

enum class ModelFileKind {
    whole_model,      ///< .h5 with architecture and weights
    legacy_weights,   ///< .h5 with the weights of named layers
    weights_v3,       ///< Keras 3's .weights.h5
    archive,          ///< .keras: a zip of config.json, metadata.json and model.weights.h5
    sharded_weights,  ///< .weights.json, which names the files that hold the weights
};
/// "whole model (legacy HDF5)" and the like, for people.
std::string describe(ModelFileKind kind);
/// Whether load_model() can make a model of it; else a model that exists can load its weights.
inline bool has_architecture(ModelFileKind kind) {
    return kind == ModelFileKind::whole_model || kind == ModelFileKind::archive;
}

/// One array in a file.
struct SavedTensor {
    std::string name;  ///< "dense/dense/kernel:0", "layers/dense/vars/0": its path in the file
    Shape shape;
    DType dtype;       ///< of the tensor it becomes
};

struct ModelFileInfo {
    ModelFileKind kind;
    std::string keras_version;  ///< "" if the file does not say
    std::string backend;        ///< "tensorflow", "theano", ...; "" if the file does not say
    std::string model_class;    ///< "Sequential", "Functional", ...; "" where there are weights alone
    bool has_training_settings = false, has_optimizer_state = false;
    std::vector<SavedTensor> weights;
};

/// What a file is follows from its content, whatever its name. Throws FileError for one that is none of these, damaged,
/// or claims more than it holds. Bytes that no writer wrote may crash libhdf5 itself, which no library can catch in its
/// own process: to read files from strangers, do it in a child process, as the weft command does.
ModelFileInfo inspect_model_file(const std::string& path);

/// All weights of a file, by their paths in it. Throws FileError.
std::vector<NamedTensor> read_saved_weights(const std::string& path);

}  // namespace weft::nn
