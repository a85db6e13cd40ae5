// The command line of the examples, as tables of options.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <variant>
#include <vector>

namespace examples {

struct Bounds {
    double least = -std::numeric_limits<double>::infinity();
    double most = std::numeric_limits<double>::infinity();
};
inline constexpr Bounds non_negative{.least = 0};
inline constexpr Bounds positive{.least = std::numeric_limits<double>::min()};

/// An option of the command line: its name, where its value goes, which is the default until then, and what --help
/// says.
struct Option {
    const char* name;
    std::variant<int*, std::int64_t*, std::uint64_t*, double*, std::string*> value;
    const char* help;
    Bounds bounds = {};
    std::vector<std::string> choice = {};  ///< the words allowed, if not any
};

/// Reads the command line and calls `run`. Returns main's result: what went wrong is said on the error stream.
int run_program(int argc, char** argv, const std::string& description, const std::vector<Option>& options,
                const std::function<void()>& run);

/// What the examples share that train on data.
struct Arguments {
    std::string folder = {};  ///< of the data set; else it is looked for
    int epochs = 10;
    std::int64_t batch_size = 32;
    std::uint64_t seed = 1;
    std::string out = {};     ///< the folder for results, which exists when the example runs

    /// A file in that folder.
    std::string path(const std::string& file) const;
};

/// The same with those arguments beside `more`: makes the folder for results and seeds the default generator before
/// `run`.
int run_example(int argc, char** argv, const std::string& description, Arguments arguments,
                const std::function<void(const Arguments&)>& run, std::vector<Option> more = {});

}  // namespace examples
