// weft evaluate FILE --input x.npy --target y.npy
#include "arrays.hpp"
#include "subcommands.hpp"

#include <weft/autograd/error.hpp>

#include <fmt/core.h>

#include <memory>

namespace weft::tools {
namespace {

struct EvaluateArguments {
    std::string model;
    std::vector<std::string> inputs, targets;
    std::int64_t batch_size = 32;
};

int evaluate(const EvaluateArguments& arguments, Sandbox& sandbox) {
    sandbox.reading(arguments.model);
    nn::Model model = nn::load_model(arguments.model);
    if (!model.compiled())
        throw ValueError(fmt::format("{}: this model was not compiled when it was saved, so it has no loss to evaluate",
                                     arguments.model));
    const Tensors inputs = read_inputs(model, arguments.inputs, sandbox);
    Tensors targets;
    for (const std::string& place : arguments.targets) {
        const Tensor target = read_array(place, sandbox);
        targets.push_back(target.dtype() == int64 ? target : target.to(model.state()->dtype));  // class numbers stay
    }
    sandbox.computing();
    const nn::Logs logs = [&] {
        const BarsOnStderr bars;
        return model.evaluate(inputs, targets, {.batch_size = arguments.batch_size, .verbose = bars.verbose()});
    }();
    std::string text;
    for (const auto& [name, value] : logs.values()) text += fmt::format("{}: {:.6g}\n", name, value);
    fmt::print("{}", printable(text));
    return success;
}

}  // namespace

void add_evaluate(CLI::App& app, Job& job) {
    CLI::App* command =
        app.add_subcommand("evaluate", "Prints the loss and the metrics that the model was compiled with.");
    const auto arguments = std::make_shared<EvaluateArguments>();
    command->add_option("FILE", arguments->model, "a compiled model in any format that weft reads")->required();
    command
        ->add_option("--input", arguments->inputs,
                     "x.npy, x.npz:NAME or x.h5:DATASET. Once for each input of the model, in its order")
        ->required()
        ->allow_extra_args(false);
    command->add_option("--target", arguments->targets, "the same, once for each output")
        ->required()
        ->allow_extra_args(false);
    command->add_option("--batch-size", arguments->batch_size, "samples at a time")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->callback([=, &job] {
        job = {files_of(arguments->inputs), [=](Sandbox& sandbox) { return evaluate(*arguments, sandbox); }};
        for (const std::string& file : files_of(arguments->targets)) job.files.push_back(file);
        job.files.push_back(arguments->model);
    });
}

}  // namespace weft::tools
