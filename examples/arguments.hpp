// The command line that the examples share.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace examples {

struct Arguments {
    std::string folder = {};  ///< of the data set; else it is looked for
    int epochs = 10;
    std::int64_t batch_size = 32;
    std::uint64_t seed = 1;
    std::string out = {};     ///< the folder for results, which exists when the example runs

    /// A file in that folder.
    std::string path(const std::string& file) const;
};

/// Reads the command line into `arguments`, makes the folder for results, seeds the default generator, and calls `run`.
/// Returns main's result: what went wrong is said on the error stream. `more` may add options.
int run_example(int argc, char** argv, const std::string& description, Arguments arguments,
                const std::function<void(const Arguments&)>& run, const std::function<void(CLI::App&)>& more = {});

}  // namespace examples
