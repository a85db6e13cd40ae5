// weft convert IN OUT
#include "subcommands.hpp"

#include <weft/nn/model.hpp>

#include <memory>

namespace weft::tools {
namespace {

int convert(const std::string& from, const std::string& to, Sandbox& sandbox) {
    sandbox.reading(from);
    const nn::Model model = nn::load_model(from);
    sandbox.computing();
    model.save(to);
    return success;
}

}  // namespace

void add_convert(CLI::App& app, Job& job) {
    CLI::App* command = app.add_subcommand("convert", "Writes a model in another format.");
    const auto from = std::make_shared<std::string>(), to = std::make_shared<std::string>();
    command->add_option("IN", *from, "a model in any format that weft reads")->required();
    command
        ->add_option("OUT", *to, "its name tells the format: .keras, .h5, or .weights.h5 for Keras 3's weights alone")
        ->required();
    command->callback([=, &job] { job = {{*from}, [=](Sandbox& sandbox) { return convert(*from, *to, sandbox); }}; });
}

}  // namespace weft::tools
