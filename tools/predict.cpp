// weft predict FILE --input x.npy --output y.npy
#include "arrays.hpp"
#include "subcommands.hpp"

#include <weft/autograd/error.hpp>
#include <weft/data/hdf5.hpp>
#include <weft/data/npy.hpp>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <memory>

namespace weft::tools {
namespace {

struct PredictArguments {
    std::string model, output;
    std::vector<std::string> inputs;
    std::int64_t batch_size = 32;
};

bool is_npy(const std::string& path) { return path.ends_with(".npy"); }

int predict(const PredictArguments& arguments, Sandbox& sandbox) {
    if (!is_npy(arguments.output) && !arguments.output.ends_with(".h5") && !arguments.output.ends_with(".hdf5"))
        throw ValueError(fmt::format("{}: results are written to .npy or .h5 files", arguments.output));
    sandbox.reading(arguments.model);
    nn::Model model = nn::load_model(arguments.model, {.compile = false});
    const std::vector<std::string> names = model.output_names();
    if (is_npy(arguments.output) && names.size() != 1)
        throw ValueError(
            fmt::format("{}: a .npy file holds one array, and the model has {} outputs: {}. Write a .h5 file",
                        arguments.output, names.size(), fmt::join(names, ", ")));
    const Tensors inputs = read_inputs(model, arguments.inputs, sandbox);
    sandbox.computing();
    const Tensors results = [&] {
        const BarsOnStderr bars;
        return model.predict_all(inputs, {.batch_size = arguments.batch_size, .verbose = bars.verbose()});
    }();
    if (is_npy(arguments.output)) {
        data::save_npy(arguments.output, results.at(0));
        return success;
    }
    std::vector<std::pair<std::string, Tensor>> named;
    for (std::size_t i = 0; i < results.size(); ++i) named.emplace_back(names.at(i), results[i]);
    data::save_hdf5(arguments.output, named);
    return success;
}

}  // namespace

void add_predict(CLI::App& app, Job& job) {
    CLI::App* command = app.add_subcommand("predict", "Runs a model on arrays.");
    const auto arguments = std::make_shared<PredictArguments>();
    command->add_option("FILE", arguments->model, "a model in any format that weft reads")->required();
    command
        ->add_option("--input", arguments->inputs,
                     "x.npy, x.npz:NAME or x.h5:DATASET; the name may be left out if there is one array. "
                     "Once for each input of the model, in its order")
        ->required()
        ->allow_extra_args(false);
    command
        ->add_option("--output", arguments->output,
                     "y.npy, or y.h5, which holds every output under its name, in the model's order")
        ->required();
    command->add_option("--batch-size", arguments->batch_size, "samples at a time")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->callback([=, &job] {
        job = {files_of(arguments->inputs), [=](Sandbox& sandbox) { return predict(*arguments, sandbox); }};
        job.files.push_back(arguments->model);
    });
}

}  // namespace weft::tools
