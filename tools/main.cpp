// weft: looks at, runs, converts and compares model files.
#include "subcommands.hpp"

#include <fmt/core.h>

#include <exception>

namespace {

constexpr const char* closing = R"(Exit status:
  0  done; for diff, the files agree
  1  diff found a difference
  2  an error, told on stderr in one line that begins with "weft: "

Files are read in a child process whose memory and time are bounded by their size, so a damaged or hostile file ends as
an error. Files that are written replace old ones only when complete.)";

}  // namespace

int main(int argc, char** argv) {
    using namespace weft::tools;
    CLI::App app{"Looks at, runs, converts and compares the model files of weft and Keras.", "weft"};
    app.set_version_flag("--version", "weft " WEFT_VERSION);
    app.require_subcommand(1);
    app.footer(closing);
    Job job;
    for (const auto& add : {add_summary, add_predict, add_evaluate, add_convert, add_diff}) add(app, job);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        report(fmt::format("{}. weft --help tells how it is used", error.what()));
        return failure;
    }
    try {
        return in_sandbox(limits_for(job.files), job.run);
    } catch (const std::exception& error) {
        report(error.what());
        return failure;
    }
}
