#include "arrays.hpp"

#include <weft/autograd/error.hpp>
#include <weft/data/hdf5.hpp>
#include <weft/data/npy.hpp>
#include <weft/data/zip_archive.hpp>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>
#include <unistd.h>

namespace weft::tools {
namespace {

// The only array of a file, if nobody said which.
std::string only_one(const std::string& file, const std::vector<std::string>& names) {
    if (names.size() == 1) return names[0];
    throw FileError(names.empty() ? fmt::format("{}: there are no arrays in it", file)
                                  : fmt::format("{}: there are {} arrays in it; say which, as {}:NAME: {}", file,
                                                names.size(), file, fmt::join(names, ", ")));
}

Tensor read_hdf5(const std::string& file, const std::string& name) {
    if (!name.empty()) return data::load_hdf5(file, name);
    std::vector<std::string> names;
    for (const data::Hdf5Entry& entry : data::list_hdf5(file)) names.push_back(entry.name);
    return data::load_hdf5(file, only_one(file, names));
}

Tensor read_npz(const std::string& file, const std::string& name) {
    if (!name.empty()) return data::load_npz(file, name);
    std::vector<std::string> names;
    const data::ZipReader archive(file);
    for (const std::string& entry : archive.names())
        names.push_back(entry.ends_with(".npy") ? entry.substr(0, entry.size() - 4) : entry);
    return data::load_npz(file, only_one(file, names));
}

}  // namespace

std::pair<std::string, std::string> file_and_name(const std::string& place) {
    const std::size_t colon = place.rfind(':');
    std::error_code unknown;
    if (colon == place.npos || std::filesystem::exists(place, unknown)) return {place, ""};
    return {place.substr(0, colon), place.substr(colon + 1)};
}

std::vector<std::string> files_of(const std::vector<std::string>& places) {
    std::vector<std::string> files;
    for (const std::string& place : places) files.push_back(file_and_name(place).first);
    return files;
}

Tensor read_array(const std::string& place, Sandbox& sandbox) {
    const auto [file, name] = file_and_name(place);
    sandbox.reading(file);
    if (data::is_hdf5(file)) return read_hdf5(file, name);
    if (data::is_zip(file)) return read_npz(file, name);
    if (!name.empty())
        throw FileError(fmt::format(
            "{}: names of arrays are for .npz and .h5 files, and this is neither; received '{}'", file, name));
    return data::load_npy(file);
}

Tensors read_inputs(const nn::Model& model, const std::vector<std::string>& places, Sandbox& sandbox) {
    const nn::Graph& graph = model.graph();
    if (places.size() != graph.inputs.size())
        throw ValueError(fmt::format("the model has {} inputs, {}; received {} times --input", graph.inputs.size(),
                                     fmt::join(graph.input_names, ", "), places.size()));
    Tensors inputs;
    for (std::size_t i = 0; i < places.size(); ++i) {
        Tensor input = read_array(places[i], sandbox);
        // Integers are kept for a chain: whether its first layer wants ids or numbers, it knows itself.
        const bool declared = i < graph.input_dtypes.size();
        const DType wanted = declared ? graph.input_dtypes[i] : model.state()->dtype;
        inputs.push_back(declared || input.dtype() != int64 ? input.to(wanted) : input);
    }
    return inputs;
}

BarsOnStderr::BarsOnStderr() : stdout_((std::fflush(stdout), ::dup(STDOUT_FILENO))), verbose_(::isatty(STDERR_FILENO)) {
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
}

BarsOnStderr::~BarsOnStderr() {
    std::fflush(stdout);
    ::dup2(stdout_, STDOUT_FILENO);
    ::close(stdout_);
}

}  // namespace weft::tools
