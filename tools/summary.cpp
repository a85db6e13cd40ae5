// weft summary FILE
#include "subcommands.hpp"

#include <weft/nn/model.hpp>
#include <weft/nn/saving/model_file.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <memory>

namespace weft::tools {
namespace {

std::string tensor_table(const std::vector<nn::SavedTensor>& tensors) {
    std::size_t name_width = 0, shape_width = 0;
    for (const nn::SavedTensor& tensor : tensors) {
        name_width = std::max(name_width, tensor.name.size());
        shape_width = std::max(shape_width, str(tensor.shape).size());
    }
    std::string table;
    std::int64_t elements = 0;
    for (const nn::SavedTensor& tensor : tensors) {
        table += fmt::format("{:<{}}  {:<{}}  {}\n", tensor.name, name_width, str(tensor.shape), shape_width,
                             name(tensor.dtype));
        elements += tensor.shape.elements();
    }
    return table + fmt::format("{} tensors, {} elements\n", tensors.size(), elements);
}

std::string writer(const nn::ModelFileInfo& info) {
    if (info.keras_version.empty()) return "Keras version: the file does not say\n";
    return fmt::format("Keras version: {}{}\n", info.keras_version, info.backend.empty() ? "" : " on " + info.backend);
}

// Settings that weft lacks are no reason not to show the layers.
std::string training_settings(const std::string& file, const nn::ModelFileInfo& info) {
    if (!info.has_training_settings) return "Not compiled\n";
    try {
        const nn::Model model = nn::load_model(file);
        return model.compiled() ? fmt::format("Compiled with {}\n", model.optimizer().keras_class()) : "Not compiled\n";
    } catch (const ValueError& error) {
        return fmt::format("Compiled, but {}\n", error.what());
    }
}

int summary(const std::string& file, Sandbox& sandbox) {
    sandbox.reading(file);
    const nn::ModelFileInfo info = nn::inspect_model_file(file);
    std::string text = fmt::format("{}: {}\n", file, nn::describe(info.kind)) + writer(info);
    if (!nn::has_architecture(info.kind)) {
        text += tensor_table(info.weights);
    } else {
        text += nn::load_model(file, {.compile = false}).summary_text();
        text += training_settings(file, info);
    }
    if (info.has_optimizer_state) text += "With the optimizer's state\n";
    fmt::print("{}", printable(text));
    return success;
}

}  // namespace

void add_summary(CLI::App& app, Job& job) {
    CLI::App* command = app.add_subcommand(
        "summary", "Layers, shapes, parameters, Keras version; of a file of weights alone its tensors.");
    const auto file = std::make_shared<std::string>();
    command->add_option("FILE", *file, "a model, or weights, in any format that weft reads")->required();
    command->callback([=, &job] { job = {{*file}, [=](Sandbox& sandbox) { return summary(*file, sandbox); }}; });
}

}  // namespace weft::tools
