#include "arguments.hpp"

#include <weft/autograd/random.hpp>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <filesystem>

namespace examples {

std::string Arguments::path(const std::string& file) const { return (std::filesystem::path(out) / file).string(); }

int run_example(int argc, char** argv, const std::string& description, Arguments arguments,
                const std::function<void(const Arguments&)>& run, const std::function<void(CLI::App&)>& more) {
    CLI::App app{description};
    const std::string name = std::filesystem::path(argv[0]).filename().string();
    if (arguments.out.empty()) arguments.out = name + "_results";
    if (more) more(app);
    app.add_option("--data", arguments.folder,
                   "folder with the data set's files; else $WEFT_DATA, the cache and the system are searched");
    app.add_option("--epochs", arguments.epochs, "passes over what is learned from")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--batch-size", arguments.batch_size, "samples a step")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--seed", arguments.seed, "of the weights, the order of the samples and all noise")
        ->capture_default_str();
    app.add_option("--out", arguments.out, "folder for the results")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        std::filesystem::create_directories(arguments.out);
        weft::manual_seed(arguments.seed);
        run(arguments);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: {}\n", name, error.what());
        return 1;
    }
}

}  // namespace examples
