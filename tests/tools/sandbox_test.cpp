// What becomes of work that dies in the weft command's child process.
#include "../../tools/report.hpp"
#include "../../tools/sandbox.hpp"
#include "catch.hpp"
#include "temporary_folder.hpp"

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>

using namespace weft::testing;
using namespace weft::tools;

namespace {

// The status, and what was said on stderr.
std::pair<int, std::string> outcome(const Limits& limits, const std::function<int(Sandbox&)>& work) {
    const TemporaryFolder folder;
    const std::string file = folder / "err";
    std::fflush(stderr);
    const int before = ::dup(STDERR_FILENO), instead = ::open(file.c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(instead, STDERR_FILENO);
    const int status = in_sandbox(limits, work);
    std::fflush(stderr);
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    ::close(instead);
    std::ifstream said(file);
    return {status, {std::istreambuf_iterator<char>(said), {}}};
}

}  // namespace

TEST_CASE("The sandbox tells of every death in one line that names the file") {
    const TemporaryFolder folder;
    const std::string file = folder.write("m.h5", "x");
    const Limits limits = limits_for({file});
    const auto dies = [&](const Limits& bounds, const std::function<void()>& how, const std::string& told) {
        const auto [status, text] = outcome(bounds, [&](Sandbox& sandbox) {
            sandbox.reading(file);
            how();
            return 0;
        });
        INFO(text);
        CHECK(status == 2);
        CHECK(text.starts_with("weft: " + file + ": "));
        CHECK(text.find('\n') == text.size() - 1);
        CHECK_THAT(text, contains(told));
    };
    for (const int signal : {SIGSEGV, SIGABRT})
        dies(limits, [&] { std::signal(signal, SIG_DFL); std::raise(signal); }, "crashed");
    dies(limits, [] { std::raise(SIGKILL); }, "ended by the system");
    dies(limits, [] { ::_exit(1); }, "more than");  // a library that gives up without a word
    dies({limits.memory, 0}, [] { while (::getppid() != 0) {} }, "processor time");
    dies(limits, [] { throw std::bad_alloc(); }, "of memory");
    dies(limits, [&] { throw std::runtime_error(file + ": first\nsecond"); }, "first; second");
    const auto [status, text] = outcome(limits, [](Sandbox&) { return 1; });
    CHECK(status == 1);
    CHECK(text.empty());
}

TEST_CASE("The sandbox bounds memory by the files' size until all is read") {
    const TemporaryFolder folder;
    const std::string file = folder.write("m.h5", "x");
    const Limits limits = limits_for({file});
    CHECK(limits.memory < std::uint64_t{16} << 30);
    CHECK(limits_for({folder.write("larger.h5", std::string(1 << 20, 'x'))}).memory ==
          limits.memory + 8 * ((1 << 20) - 1));
    // Without limits, as under the sanitizers, there is nothing to see.
    const auto [status, text] = outcome(limits, [&](Sandbox& sandbox) {
        sandbox.reading(file);
        const bool refused = [&] {
            try {
                return std::vector<char>(limits.memory + (1 << 20)).empty();
            } catch (const std::bad_alloc&) {
                return true;
            }
        }();
        sandbox.computing();
        return refused && !std::vector<char>(64 << 20).empty() ? 0 : 7;
    });
    CHECK(status == 0);
    CHECK(text.empty());
}

TEST_CASE("Texts from files cannot speak to the terminal") {
    CHECK(printable("a\x1b[2J\n\xc3\xa9") == "a\\x1b[2J\n\xc3\xa9");
    CHECK(printable("\xff\x7f\t") == "\\xff\\x7f\\x09");
    CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");
}
