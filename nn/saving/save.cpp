// Which layout a file has: writing follows its name, reading its content.
#include <weft/autograd/mode.hpp>
#include <weft/nn/saving/legacy_h5.hpp>
#include <weft/nn/saving/model_config.hpp>
#include <weft/nn/saving/weights_v3.hpp>
#include <weft/nn/sequential.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

namespace {

constexpr const char* weft_version = "0.1.0";

bool is_v3_name(const std::string& path) { return path.ends_with(".weights.h5"); }

void check_extension(const std::string& path, const char* where) {
    if (!path.ends_with(".h5") && !path.ends_with(".hdf5"))
        throw FileError(fmt::format("{}: {}: the name must end in .h5, .hdf5 or .weights.h5", where, path));
}

void check_built(const Model& model, const char* where) {
    try {
        model.parameters();
    } catch (const ValueError& error) {
        throw ValueError(fmt::format("{}: there is nothing to save yet: {}", where, error.what()));
    }
}

}  // namespace

void Model::save(const std::string& path) const {
    check_extension(path, "save");
    if (is_v3_name(path)) return save_weights(path);
    check_built(*this, "save");
    const nlohmann::json architecture = saving::model_config(*this);
    const nlohmann::json training = saving::training_config(*this);
    data::write_hdf5(path, [&](const data::Hdf5Object& root) {
        root.write_text("keras_version", "3.0.0");
        root.write_text("backend", "tensorflow");
        root.write_text("weft_version", weft_version);
        root.write_long_text("model_config", architecture.dump());
        if (!training.is_null()) root.write_long_text("training_config", training.dump());
        saving::write_legacy_weights(*this, root.create_group("model_weights"));
    });
}

void Model::save_weights(const std::string& path) const {
    check_extension(path, "save_weights");
    check_built(*this, "save_weights");
    data::write_hdf5(path, [&](const data::Hdf5Object& root) {
        if (is_v3_name(path)) saving::write_weights_v3(*this, root);
        else saving::write_legacy_weights(*this, root);
    });
}

void Model::load_weights(const std::string& path) {
    check_built(*this, "load_weights");
    const NoGrad off_tape;
    const data::Hdf5Object root = data::open_hdf5(path);
    if (root.contains("model_weights")) return saving::read_legacy_weights(*this, root.group("model_weights"));
    if (root.has_attribute("layer_names") || root.has_attribute("layer_names0")) return saving::read_legacy_weights(*this, root);
    if (root.contains("layers")) return saving::read_weights_v3(*this, root);
    throw FileError(fmt::format("{}: this HDF5 file holds no weights of a Keras model: neither layer_names, nor model_weights, nor layers", path));
}

Model load_model(const std::string& path) {
    const data::Hdf5Object root = data::open_hdf5(path);
    const auto config = root.text("model_config");
    if (!config)
        throw FileError(fmt::format("{}: this file has no model_config, so no architecture. If it holds weights alone, build the model and call load_weights().", path));
    Model model = saving::model_from_config(saving::parse_json(*config, path + ", model_config"), path);
    const NoGrad off_tape;
    saving::read_legacy_weights(model, root.group("model_weights"));
    if (const auto training = root.text("training_config"))
        saving::compile_from_config(model, saving::parse_json(*training, path + ", training_config"), path);
    return model;
}

}  // namespace weft::nn
