#include <weft/data/hdf5_dataset.hpp>
#include <weft/data/hdf5_part.hpp>
#include <weft/data/zip_in_place.hpp>
#include <weft/nn/saving/open_file.hpp>
#include <weft/nn/saving/weights_v3.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <unistd.h>

namespace weft::nn {
namespace saving {
namespace {

constexpr std::size_t most_objects = 1'000'000;
constexpr int deepest_group = 64;
constexpr std::size_t copied_at_once = 1 << 20;

std::string parent_of(const std::string& path) {
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    return folder.empty() ? "." : folder.string();
}

std::vector<SavedVariable> v3_optimizer(const data::Hdf5Object& root) {
    std::vector<SavedVariable> variables;
    if (const auto group = find_v3_group(root, "optimizer/vars"))
        for (const std::string& name : numbered(*group)) variables.push_back({*group, name});
    return variables;
}

void set_progress(OpenedFile& file, const data::Hdf5Object& root) {
    if (const auto progress = root.text("weft_training"))
        file.progress = parse_json(*progress, file.path + ", weft_training");
}

void set_version(OpenedFile& file, const data::Hdf5Object& object) {
    if (file.keras_version.empty()) file.keras_version = object.text("keras_version").value_or("");
    if (file.writer.backend.empty()) file.writer.backend = object.text("backend").value_or("");
    file.writer.version = KerasVersion(file.keras_version);
}

OpenedFile opened_hdf5(const std::string& path) {
    OpenedFile file{.kind = ModelFileKind::whole_model, .path = path};
    const data::Hdf5Object root = data::open_hdf5(path);
    set_progress(file, root);
    if (root.has_attribute("model_config")) {
        file.architecture = parse_json(root.text("model_config").value(), path + ", model_config");
        if (const auto training = root.text("training_config"))
            file.training = parse_json(*training, path + ", training_config");
        set_version(file, root);
        file.weights = {root.group("model_weights")};
        set_version(file, file.weights[0]);
        if (root.is_group("optimizer_weights")) {
            const data::Hdf5Object group = root.group("optimizer_weights");
            for (const std::string& name : group.texts("weight_names").value_or(std::vector<std::string>{}))
                file.optimizer.push_back({group, name});
        }
        return file;
    }
    file.kind = ModelFileKind::legacy_weights;
    if (has_legacy_weights(root) || root.is_group("model_weights")) {
        file.weights = {has_legacy_weights(root) ? root : root.group("model_weights")};
        set_version(file, file.weights[0]);
        return file;
    }
    if (is_weights_v3(root)) {
        file.kind = ModelFileKind::weights_v3;
        file.weights = {root};
        file.optimizer = v3_optimizer(root);
        return file;
    }
    throw FileError(
        fmt::format("{}: this HDF5 file holds no Keras model and no weights of one: neither model_config, nor "
                    "layer_names, nor layers",
                    path));
}

// Where they lie, if they are not packed; else unpacked to a temporary file.
data::Hdf5Object opened_weights(const data::ZipReader& archive, const std::string& path) {
    const std::string name = "model.weights.h5", label = path + ", " + name;
    data::ZipEntry entry = archive.open(name);
    if (const auto begin = data::find_stored(path, name, entry))
        return data::open_hdf5_part(path, *begin, entry.bytes(), label);
    const TemporaryFile unpacked;
    std::ofstream out(unpacked.path(), std::ios::binary);
    std::vector<char> buffer(copied_at_once);
    while (entry.left() > 0 && out) {
        const std::size_t bytes = std::min<std::uint64_t>(entry.left(), buffer.size());
        entry.read(buffer.data(), bytes);
        out.write(buffer.data(), static_cast<std::streamsize>(bytes));
    }
    out.close();
    if (!out)
        throw FileError(
            fmt::format("{}: there is no room to unpack its weights in {}", path, parent_of(unpacked.path())));
    return data::open_hdf5(unpacked.path(), label);
}

OpenedFile opened_archive(const std::string& path) {
    OpenedFile file{.kind = ModelFileKind::archive, .path = path};
    const data::ZipReader archive(path);
    const auto text = [&](const char* name) -> std::string {
        data::ZipEntry entry = archive.open(name);
        if (entry.bytes() > (64u << 20))
            throw FileError(
                fmt::format("{}: {} bytes of JSON are more than any model needs", entry.where(), entry.bytes()));
        return entry.read();
    };
    if (!archive.contains("config.json") || !archive.contains("model.weights.h5"))
        throw FileError(
            fmt::format("{}: this archive holds no Keras model: it must have config.json and model.weights.h5", path));
    file.architecture = parse_json(text("config.json"), path + ", config.json");
    if (archive.contains("metadata.json")) {
        const json metadata = parse_json(text("metadata.json"), path + ", metadata.json");
        const json& version = member_or_null(metadata, "keras_version");
        if (version.is_string()) file.keras_version = version;
    }
    file.writer.version = KerasVersion(file.keras_version);
    file.training = member_or_null(file.architecture, "compile_config");

    const data::Hdf5Object root = opened_weights(archive, path);
    set_progress(file, root);
    file.weights = {root};
    file.optimizer = v3_optimizer(root);
    return file;
}

OpenedFile opened_index(const std::string& path, const std::string& text) {
    OpenedFile file{.kind = ModelFileKind::sharded_weights, .path = path};
    const json index = parse_json(text, path);
    const json& map = member(index, "weight_map", path);
    if (!map.is_object()) throw FileError(fmt::format("{}: its weight_map must be an object", path));
    std::set<std::string> names;
    for (const auto& [group, shards] : map.items()) {
        if (shards.is_string()) names.insert(shards.get<std::string>());
        if (shards.is_array())
            for (const json& shard : shards)
                if (shard.is_string()) names.insert(shard.get<std::string>());
    }
    if (names.empty()) throw FileError(fmt::format("{}: its weight_map names no files", path));
    for (const std::string& name : names) {
        if (name.find_first_of("/\\") != std::string::npos || name.starts_with("."))
            throw FileError(fmt::format("{}: it names the file '{}', which must lie in the same folder", path, name));
        file.weights.push_back(data::open_hdf5((std::filesystem::path(parent_of(path)) / name).string()));
        for (const SavedVariable& variable : v3_optimizer(file.weights.back())) file.optimizer.push_back(variable);
    }
    return file;
}

std::string first_bytes(const std::string& path, std::size_t most) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes(most, '\0');
    in.read(bytes.data(), static_cast<std::streamsize>(most));
    bytes.resize(static_cast<std::size_t>(in.gcount()));
    return bytes;
}

// All datasets below a group, each object once: groups may be linked in circles.
void collect_datasets(const data::Hdf5Object& group, const std::string& path, int depth,
                      std::set<std::pair<std::size_t, std::uint64_t>>& seen, std::size_t shard,
                      std::vector<std::pair<std::string, SavedVariable>>& found) {
    if (depth > deepest_group)
        throw FileError(fmt::format("{}: its groups nest deeper than {} levels", group.where(), deepest_group));
    if (!seen.emplace(shard, group.address()).second) return;
    for (const std::string& name : group.names()) {
        if (path.empty() && name == "optimizer") continue;
        if (group.is_group(name)) collect_datasets(group.group(name), path + name + "/", depth + 1, seen, shard, found);
        else found.emplace_back(path + name, SavedVariable{group, name});
        if (found.size() + seen.size() > most_objects)
            throw FileError(fmt::format("{}: holds more than {} objects", group.where(), most_objects));
    }
}

}  // namespace

TemporaryFile::TemporaryFile() {
    path_ = (std::filesystem::temp_directory_path() / ".weft-XXXXXX").string();
    const int file = ::mkstemp(path_.data());
    if (file < 0) throw FileError(fmt::format("{}: a temporary file cannot be made: {}", path_, std::strerror(errno)));
    ::close(file);
}
TemporaryFile::~TemporaryFile() { ::unlink(path_.c_str()); }

OpenedFile open_model_file(const std::string& path) {
    if (data::is_hdf5(path)) return opened_hdf5(path);
    if (data::is_zip(path)) return opened_archive(path);
    const std::string begin = first_bytes(path, 64);
    if (const std::size_t first = begin.find_first_not_of(" \t\r\n"); first != std::string::npos && begin[first] == '{')
        return opened_index(path, first_bytes(path, (64u << 20) + 1));
    throw FileError(fmt::format(
        "{}: this is no model file: neither HDF5, nor a .keras archive, nor the index of sharded weights", path));
}

std::vector<std::pair<std::string, SavedVariable>> weight_datasets(const OpenedFile& file) {
    std::vector<std::pair<std::string, SavedVariable>> found;
    if (file.is_legacy()) {
        const data::Hdf5Object& group = file.weights[0];
        for (const std::string& layer : group.texts("layer_names").value_or(std::vector<std::string>{})) {
            const data::Hdf5Object inner = group.group(layer);
            for (const std::string& weight : inner.texts("weight_names").value_or(std::vector<std::string>{}))
                found.emplace_back(layer + "/" + weight, SavedVariable{inner, weight});
        }
    } else {
        std::set<std::pair<std::size_t, std::uint64_t>> seen;
        for (std::size_t i = 0; i < file.weights.size(); ++i) collect_datasets(file.weights[i], "", 0, seen, i, found);
    }
    return found;
}

std::vector<Assignment> assignments(const Model& model, const OpenedFile& file, const Matching& matching) {
    if (file.is_legacy()) return legacy_assignments(model, file.weights[0], file.writer, matching);
    if (matching.by_name)
        throw ValueError(fmt::format(
            "{}: Keras 3's layout of weights has no names of layers; by_name needs a legacy .h5", file.path));
    return v3_assignments(model, file.weights, matching.skip_mismatch);
}

}  // namespace saving

std::string describe(ModelFileKind kind) {
    switch (kind) {
        case ModelFileKind::whole_model: return "whole model (legacy HDF5)";
        case ModelFileKind::legacy_weights: return "weights alone (legacy HDF5)";
        case ModelFileKind::weights_v3: return "weights alone (Keras 3)";
        case ModelFileKind::archive: return "whole model (.keras archive)";
        case ModelFileKind::sharded_weights: return "weights alone in several files (Keras 3)";
    }
    return "?";
}

ModelFileInfo inspect_model_file(const std::string& path) {
    const saving::OpenedFile file = saving::open_model_file(path);
    ModelFileInfo info{.kind = file.kind, .keras_version = file.keras_version, .backend = file.writer.backend};
    const auto& type = saving::member_or_null(file.architecture, "class_name");
    if (type.is_string()) info.model_class = type.get<std::string>();
    info.has_training_settings = !file.training.is_null();
    info.has_optimizer_state = !file.optimizer.empty();
    for (const auto& [name, variable] : saving::weight_datasets(file)) {
        const data::Hdf5Dataset dataset = variable.group.dataset(variable.dataset);
        info.weights.push_back({name, dataset.shape(), dataset.dtype()});
    }
    return info;
}

std::vector<NamedTensor> read_saved_weights(const std::string& path) {
    const saving::OpenedFile file = saving::open_model_file(path);
    std::vector<NamedTensor> weights;
    for (const auto& [name, variable] : saving::weight_datasets(file))
        weights.push_back({name, variable.group.read(variable.dataset)});
    return weights;
}

}  // namespace weft::nn
