// A file replaced is the old one or the new one in whole, whatever fails and whenever the writer dies.
#include "../catch.hpp"
#include "../child.hpp"
#include "../temporary_folder.hpp"

#include <weft/autograd/error.hpp>
#include <weft/data/replace_file.hpp>

#include <csignal>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using Catch::Contains;
using weft::FileError;
using weft::data::replace_file;
using weft::testing::Child;
using weft::testing::TemporaryFolder;

namespace {

std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::ptrdiff_t entries(const std::filesystem::path& folder) {
    return std::distance(std::filesystem::directory_iterator(folder), {});
}

mode_t permissions(const std::filesystem::path& path) {
    struct stat status = {};
    ::stat(path.c_str(), &status);
    return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("data: a file is replaced in whole", "[data_io]") {
    const TemporaryFolder folder;
    const std::string path = folder / "file";
    replace_file(path, "one");
    CHECK(contents(path) == "one");
    replace_file(path, [&](const std::string& temporary) {
        CHECK(std::filesystem::path(temporary).parent_path() == folder.path());
        CHECK(contents(path) == "one");
        std::ofstream(temporary) << "two";
        CHECK(contents(path) == "one");
    });
    CHECK(contents(path) == "two");
    CHECK(entries(folder.path()) == 1);
    replace_file(folder / std::string(255, 'n'), "the longest name there can be");
    CHECK(contents(folder / std::string(255, 'n')) == "the longest name there can be");
}

TEST_CASE("data: a replaced file keeps its permissions, and a link stays one", "[data_io]") {
    const TemporaryFolder folder;
    const std::string path = folder / "file", link = folder / "elsewhere/link";
    const mode_t mask = ::umask(027);
    replace_file(path, "new");
    ::umask(mask);
    CHECK(permissions(path) == 0640);
    ::chmod(path.c_str(), 0604);
    std::filesystem::create_directory(folder / "elsewhere");
    std::filesystem::create_symlink("../file", link);
    replace_file(link, "through the link");
    CHECK(permissions(path) == 0604);
    CHECK(contents(path) == "through the link");
    CHECK(std::filesystem::is_symlink(link));
    CHECK(entries(folder / "elsewhere") == 1);
}

TEST_CASE("data: when writing fails, the old file stays and nothing is left beside it", "[data_io]") {
    const TemporaryFolder folder;
    const std::string path = folder.write("file", "old");
    CHECK_THROWS_WITH(replace_file(path, [&](const std::string& temporary) {
        std::ofstream(temporary) << "half of the n";
        throw std::runtime_error("the power failed");
    }), "the power failed");
    CHECK_THROWS_AS(replace_file(path, [](const std::string& temporary) { ::unlink(temporary.c_str()); }), FileError);
    CHECK(contents(path) == "old");
    CHECK(entries(folder.path()) == 1);
    CHECK_THROWS_WITH(replace_file(folder / "none/file", "new"), Contains("does not exist. Make it first."));
    CHECK_THROWS_WITH(replace_file(folder.path(), "new"), Contains("is a folder, not a file"));
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("data: when the disk is full, the old file stays and nothing is left beside it", "[data_io]") {
    const TemporaryFolder folder;
    const std::string path = folder.write("file", "old");
    const Child child([&] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{100'000, 100'000};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        try {
            replace_file(path, std::string(1'000'000, 'x'));
        } catch (const FileError& error) {
            return std::string(error.what()).find("cannot be written: File too large") == std::string::npos ? 2 : 0;
        }
        return 1;
    });
    CHECK(child.wait() == 0);
    CHECK(contents(path) == "old");
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("data: a writer killed at any moment leaves one whole version", "[data_io]") {
    const TemporaryFolder folder;
    const std::string path = folder / "file";
    const auto version = [](char c) { return std::string(300'000, c); };
    replace_file(path, version('a'));
    for (int round = 0; round < 20; ++round) {
        const Child child([&] {
            for (char c = 'a';; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) replace_file(path, version(c));
            return 0;
        });
        const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(700 * round);
        while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
        CHECK(child.kill() == SIGKILL);
        const std::string found = contents(path);
        REQUIRE(found.size() == 300'000);
        REQUIRE(found.find_first_not_of(found.front()) == std::string::npos);
    }
}
