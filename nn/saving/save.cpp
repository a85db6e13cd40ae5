// Writing: which layout a file gets follows from its name.
#include <weft/data/replace_file.hpp>
#include <weft/data/zip_in_place.hpp>
#include <weft/nn/saving/legacy_h5.hpp>
#include <weft/nn/saving/model_config.hpp>
#include <weft/nn/saving/optimizer_state.hpp>
#include <weft/nn/saving/weights_v3.hpp>
#include <weft/nn/saving/write_file.hpp>

#include <fmt/core.h>

#include <ctime>
#include <filesystem>

namespace weft::nn {
namespace {

constexpr const char* weft_version = "0.1.0";
constexpr const char* keras_version = "3.0.0";  // whose formulas weft has

bool is_v3_name(const std::string& path) { return path.ends_with(".weights.h5"); }
bool is_archive_name(const std::string& path) { return path.ends_with(".keras"); }
bool is_index_name(const std::string& path) { return path.ends_with(".weights.json"); }

void check_built(const Model& model, const char* where) {
    try {
        model.parameters();
    } catch (const ValueError& error) {
        throw ValueError(fmt::format("{}: there is nothing to save yet: {}", where, error.what()));
    }
}

[[noreturn]] void bad_name(const char* where, const std::string& path, const char* wanted) {
    throw FileError(fmt::format("{}: {}: the name must end in {}", where, path, wanted));
}

saving::WeightGroup optimizer_group(const Model& model) {
    saving::WeightGroup group{"optimizer/vars", {}};
    for (const NamedTensor& variable : saving::optimizer_variables(model)) group.weights.push_back(variable.tensor);
    return group;
}

void write_progress(const data::Hdf5Object& root, const saving::json& progress) {
    if (!progress.is_null()) root.write_long_text("weft_training", progress.dump());
}

void write_v3(const Model& model, const data::Hdf5Object& root) {
    root.create_group("vars");
    for (const saving::WeightGroup& group : saving::weight_groups(model)) saving::write_weight_group(root, group);
    if (model.compiled()) saving::write_weight_group(root, optimizer_group(model));
}

void write_optimizer(const Model& model, const data::Hdf5Object& root) {
    const data::Hdf5Object group = root.create_group("optimizer_weights");
    std::vector<std::string> names;
    for (const NamedTensor& variable : saving::optimizer_variables(model)) {
        names.push_back(variable.name);
        group.write(variable.name, variable.tensor);
    }
    group.write_texts("weight_names", names);
}

void save_archive(const Model& model, const std::string& path, const saving::json& progress) {
    saving::json config = saving::model_config(model, saving::Words::keras3);
    if (const saving::json training = saving::compile_config(model); !training.is_null())
        config["compile_config"] = training;
    const std::time_t now = std::time(nullptr);
    char date[32] = {};
    std::tm parts{};
    std::strftime(date, sizeof date, "%Y-%m-%d@%H:%M:%S", gmtime_r(&now, &parts));
    const std::string metadata =
        saving::json{{"keras_version", keras_version}, {"date_saved", date}, {"weft_version", weft_version}}.dump();
    const auto write_weights = [&](const std::string& temporary) {
        data::fill_hdf5(temporary, [&](const data::Hdf5Object& root) {
            write_v3(model, root);
            write_progress(root, progress);
        }, data::in_place_begin);
    };
    data::write_zip_in_place(path, "model.weights.h5", write_weights,
                             {{"metadata.json", metadata}, {"config.json", config.dump()}});
}

// As Keras 3.10 and later: files of at most that size, but for a group that is larger, and an index of the groups.
void save_shards(const Model& model, const std::string& path, std::size_t most_bytes) {
    std::vector<saving::WeightGroup> groups = saving::weight_groups(model);
    if (model.compiled()) groups.push_back(optimizer_group(model));
    std::vector<std::vector<saving::WeightGroup>> shards(1);
    std::size_t room = most_bytes, total = 0;
    for (saving::WeightGroup& group : groups) {
        std::size_t bytes = 0;
        for (const Tensor& weight : group.weights) bytes += weight.data().bytes();
        total += bytes;
        if (bytes > room && !shards.back().empty()) {
            shards.emplace_back();
            room = most_bytes;
        }
        room -= std::min(room, bytes);
        shards.back().push_back(std::move(group));
    }
    const std::string base = path.substr(0, path.size() - std::string(".weights.json").size());
    saving::json map = saving::json::object();
    for (std::size_t i = 0; i < shards.size(); ++i) {
        const std::string shard = fmt::format("{}_{:05}.weights.h5", base, i);
        data::write_hdf5(shard, [&](const data::Hdf5Object& root) {
            root.create_group("vars");
            for (const saving::WeightGroup& group : shards[i]) {
                saving::write_weight_group(root, group);
                map["/" + group.path] = std::filesystem::path(shard).filename().string();
            }
        });
    }
    data::replace_file(path, saving::json{{"metadata", {{"total_size", total}}}, {"weight_map", map}}.dump());
}

}  // namespace

void saving::write_file(const Model& model, const std::string& path, const json& progress) {
    const bool weights_alone = is_v3_name(path);
    if (!is_archive_name(path) && !path.ends_with(".h5") && !path.ends_with(".hdf5"))
        bad_name("save", path, ".keras, .h5, .hdf5 or .weights.h5");
    check_built(model, "save");
    if (is_archive_name(path)) return save_archive(model, path, progress);
    const json architecture = weights_alone ? json() : model_config(model, Words::keras2);
    const json training = weights_alone ? json() : training_config(model);
    data::write_hdf5(path, [&](const data::Hdf5Object& root) {
        write_progress(root, progress);
        if (weights_alone) return write_v3(model, root);
        root.write_text("keras_version", keras_version);
        root.write_text("backend", "tensorflow");
        root.write_text("weft_version", weft_version);
        root.write_long_text("model_config", architecture.dump());
        write_legacy_weights(model, root.create_group("model_weights"));
        if (!training.is_null()) root.write_long_text("training_config", training.dump());
        if (model.compiled()) write_optimizer(model, root);
    });
}

void Model::save(const std::string& path) const { saving::write_file(*this, path, {}); }

void Model::save_weights(const std::string& path, const SaveWeightsOptions& options) const {
    if (!path.ends_with(".h5") && !path.ends_with(".hdf5") && !is_index_name(path))
        bad_name("save_weights", path,
                 ".h5 or .hdf5, .weights.h5 for Keras 3's layout, or .weights.json for several files of that");
    check_built(*this, "save_weights");
    if (is_index_name(path)) {
        if (options.max_shard_size < 1)
            throw ValueError(
                fmt::format("save_weights: max_shard_size must be positive; received {}", options.max_shard_size));
        return save_shards(*this, path, static_cast<std::size_t>(options.max_shard_size));
    }
    data::write_hdf5(path, [&](const data::Hdf5Object& root) {
        if (is_v3_name(path)) write_v3(*this, root);
        else saving::write_legacy_weights(*this, root);
    });
}

}  // namespace weft::nn
