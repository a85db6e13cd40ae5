// A model file, opened: where its parts are, whatever holds them.
#pragma once

#include <weft/data/hdf5_file.hpp>
#include <weft/nn/saving/assignment.hpp>
#include <weft/nn/saving/bounded_json.hpp>
#include <weft/nn/saving/keras_version.hpp>
#include <weft/nn/saving/legacy_h5.hpp>
#include <weft/nn/saving/model_file.hpp>
#include <weft/nn/saving/optimizer_state.hpp>

#include <memory>
#include <string>
#include <vector>

namespace weft::nn::saving {

struct OpenedFile {
    ModelFileKind kind;
    std::string path, keras_version;
    Writer writer;
    json architecture, training, progress;  ///< null if there is none; progress is that of fit
    std::vector<data::Hdf5Object> weights;  ///< the group of layers, or the roots of the files of Keras 3's layout
    std::vector<SavedVariable> optimizer;

    bool is_legacy() const { return kind == ModelFileKind::whole_model || kind == ModelFileKind::legacy_weights; }
};

/// Throws FileError.
OpenedFile open_model_file(const std::string& path);

/// The datasets that hold weights, each once, by their paths; their sizes are compared with the file's. Throws
/// FileError.
std::vector<std::pair<std::string, SavedVariable>> weight_datasets(const OpenedFile& file);

/// Which weight of the model takes which dataset.
std::vector<Assignment> assignments(const Model& model, const OpenedFile& file, const Matching& matching = {});

/// An unpacked entry of an archive: a file that is gone with the object.
class TemporaryFile {
public:
    TemporaryFile();
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace weft::nn::saving
