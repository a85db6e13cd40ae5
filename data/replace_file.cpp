#include <weft/autograd/error.hpp>
#include <weft/data/replace_file.hpp>

#include <fmt/core.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace weft::data {
namespace {

void flush(const std::string& path, int flags) {
    const int file = ::open(path.c_str(), flags);
    const bool done = file >= 0 && ::fsync(file) == 0;
    const int error = errno;
    if (file >= 0) ::close(file);
    if (!done) throw FileError(fmt::format("{}: cannot be flushed to disk: {}", path, std::strerror(error)));
}

}  // namespace

void replace_file(const std::string& path, const std::function<void(const std::string& temporary)>& write) {
    static std::atomic<unsigned> counter{0};
    const std::filesystem::path target(path);
    const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
    std::error_code unknown;
    if (!std::filesystem::is_directory(folder, unknown))
        throw FileError(fmt::format("{}: the folder {} does not exist. Make it first.", path, folder.string()));
    if (std::filesystem::is_directory(target, unknown)) throw FileError(fmt::format("{}: is a folder, not a file", path));
    const std::string temporary = (folder / fmt::format(".{}.{}-{}.tmp", target.filename().string(), ::getpid(), counter++)).string();
    try {
        write(temporary);
        flush(temporary, O_RDWR);
        if (std::rename(temporary.c_str(), path.c_str()) != 0)
            throw FileError(fmt::format("{}: cannot be replaced: {}", path, std::strerror(errno)));
    } catch (...) {
        std::remove(temporary.c_str());
        throw;
    }
    flush(folder.string(), O_RDONLY);
}

}  // namespace weft::data
