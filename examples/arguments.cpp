#include "arguments.hpp"

#include <weft/autograd/random.hpp>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <filesystem>

namespace examples {
namespace {

std::string name_of(char** argv) { return std::filesystem::path(argv[0]).filename().string(); }

void add(CLI::App& app, const Option& option) {
    CLI::Option* added =
        std::visit([&](auto* value) { return app.add_option(option.name, *value, option.help); }, option.value);
    added->capture_default_str();
    const auto [least, most] = option.bounds;
    if (!option.choice.empty()) added->check(CLI::IsMember(option.choice));
    else if (least == positive.least) added->check(CLI::PositiveNumber);
    else if (least == 0 && most == Bounds{}.most) added->check(CLI::NonNegativeNumber);
    else if (least != Bounds{}.least) added->check(CLI::Range(least, most));
}

}  // namespace

std::string Arguments::path(const std::string& file) const { return (std::filesystem::path(out) / file).string(); }

int run_program(int argc, char** argv, const std::string& description, const std::vector<Option>& options,
                const std::function<void()>& run) {
    CLI::App app{description};
    for (const Option& option : options) add(app, option);
    CLI11_PARSE(app, argc, argv);
    try {
        run();
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: {}\n", name_of(argv), error.what());
        return 1;
    }
}

int run_example(int argc, char** argv, const std::string& description, Arguments arguments,
                const std::function<void(const Arguments&)>& run, std::vector<Option> more) {
    if (arguments.out.empty()) arguments.out = name_of(argv) + "_results";
    more.insert(more.end(),
                {{"--data", &arguments.folder,
                  "folder with the data set's files; else $WEFT_DATA, the cache and the system are searched"},
                 {"--epochs", &arguments.epochs, "passes over what is learned from", non_negative},
                 {"--batch-size", &arguments.batch_size, "samples a step", positive},
                 {"--seed", &arguments.seed, "of the weights, the order of the samples and all noise"},
                 {"--out", &arguments.out, "folder for the results"}});
    return run_program(argc, argv, description, more, [&] {
        std::filesystem::create_directories(arguments.out);
        weft::manual_seed(arguments.seed);
        run(arguments);
    });
}

}  // namespace examples
