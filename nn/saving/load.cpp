#include <weft/autograd/mode.hpp>
#include <weft/data/hdf5_dataset.hpp>
#include <weft/nn/blank_weights.hpp>
#include <weft/nn/saving/model_config.hpp>
#include <weft/nn/saving/open_file.hpp>
#include <weft/nn/sequential.hpp>

#include <fmt/core.h>

#include <new>
#include <set>

namespace weft::nn {
namespace {

// How many elements of weights the file has, each object counted once.
std::int64_t elements_in(const saving::OpenedFile& file) {
    std::set<std::pair<std::string, std::uint64_t>> seen;
    std::int64_t elements = 0;
    for (const auto& [name, variable] : saving::weight_datasets(file)) {
        const data::Hdf5Dataset dataset = variable.group.dataset(variable.dataset);
        if (seen.emplace(dataset.object().file(), dataset.object().address()).second)
            elements += dataset.shape().elements();
    }
    return elements;
}

void check_built(const Model& model) {
    try {
        model.parameters();
    } catch (const ValueError& error) {
        throw ValueError(fmt::format("load_weights: there is nothing to load into yet: {}", error.what()));
    }
}

}  // namespace

Model load_model(const std::string& path, const LoadOptions& options) {
    const saving::OpenedFile file = saving::open_model_file(path);
    if (file.architecture.is_null())
        throw FileError(fmt::format(
            "{}: this file holds weights alone, and no model_config. Build the model and call load_weights().", path));
    try {
        Model model = [&] {
            const BlankWeights blank(elements_in(file));
            return saving::model_from_config(file.architecture, file.writer, path);
        }();
        saving::assign(saving::assignments(model, file), saving::Overwrite::at_once);
        if (options.compile && !file.training.is_null()) {
            saving::compile_from_config(model, file.training, file.writer, path);
            if (model.compiled()) {
                const saving::OptimizerState state = saving::optimizer_state(model, file.optimizer, file.writer);
                saving::assign(state.slots, saving::Overwrite::at_once);
                model.optimizer().set_iterations(state.iterations);
            }
        }
        return model;
    } catch (const std::bad_alloc&) {
        throw FileError(fmt::format("{}: there is not enough memory for what its config asks for", path));
    }
}

void Model::load_weights(const std::string& path, const LoadWeightsOptions& options) {
    check_built(*this);
    const saving::OpenedFile file = saving::open_model_file(path);
    const saving::Matching matching{.by_name = options.by_name, .skip_mismatch = options.skip_mismatch};
    saving::assign(saving::assignments(*this, file, matching), saving::Overwrite::when_all_was_read);
}

}  // namespace weft::nn
