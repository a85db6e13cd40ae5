// The subcommands, one source each.
#pragma once

#include "report.hpp"
#include "sandbox.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace weft::tools {

/// What is to be done once the arguments are known.
struct Job {
    std::vector<std::string> files;          ///< that it reads: the limits follow from their sizes
    std::function<int(Sandbox&)> run;        ///< in the child; returns an exit status
};

/// Each adds itself to the command line, and fills in the job if it is the one that was called.
void add_summary(CLI::App& app, Job& job);
void add_predict(CLI::App& app, Job& job);
void add_evaluate(CLI::App& app, Job& job);
void add_convert(CLI::App& app, Job& job);
void add_diff(CLI::App& app, Job& job);

}  // namespace weft::tools
