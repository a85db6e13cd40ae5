#include <weft/autograd/error.hpp>
#include <weft/data/replace_file.hpp>

#include <fmt/core.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace weft::data {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
    throw FileError(fmt::format("{}: {}", path.string(), what));
}

// The file itself, when `path` is a link to one.
fs::path followed(const fs::path& path) {
    std::error_code unknown;
    const fs::path target = fs::canonical(path, unknown);
    return unknown ? path : target;
}

// A new empty file in the folder, hidden, and with permissions as the process gives to any new file.
fs::path empty_file(const fs::path& folder, const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    const std::string name = target.filename().string().substr(0, 200);  // names end at 255 bytes
    for (;;) {
        const fs::path path = folder / fmt::format(".{}.{}-{}.tmp", name, ::getpid(), counter++);
        const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0) {
            ::close(file);
            return path;
        }
        if (errno != EEXIST) fail(target, fmt::format("cannot be written in this folder: {}", std::strerror(errno)));
    }
}

// Waits until a file or folder is on the disk; returns why that failed, or 0.
int flush(const fs::path& path, int flags) {
    const int file = ::open(path.c_str(), flags | O_CLOEXEC);
    if (file < 0) return errno;
    const int failure = ::fsync(file) == 0 ? 0 : errno;
    return ::close(file) == 0 || failure ? failure : errno;
}

}  // namespace

void replace_file(const std::string& path, const std::function<void(const std::string& temporary)>& write) {
    const fs::path target = followed(path);
    const fs::path folder = target.has_parent_path() ? target.parent_path() : ".";
    std::error_code unknown;
    if (!fs::is_directory(folder, unknown))
        fail(path, fmt::format("the folder {} does not exist. Make it first.", folder.string()));
    if (fs::is_directory(target, unknown)) fail(path, "is a folder, not a file");
    const fs::path temporary = empty_file(folder, target);
    try {
        write(temporary.string());
        if (struct stat old; ::stat(target.c_str(), &old) == 0) ::chmod(temporary.c_str(), old.st_mode & 07777);
        if (const int failure = flush(temporary, O_RDONLY))
            fail(path, fmt::format("cannot be flushed to disk: {}", std::strerror(failure)));
        if (::rename(temporary.c_str(), target.c_str()) != 0)
            fail(path, fmt::format("cannot be replaced: {}", std::strerror(errno)));
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    // Some file systems do not flush folders, and say so.
    if (const int failure = flush(folder, O_RDONLY | O_DIRECTORY); failure && failure != EINVAL && failure != ENOTSUP)
        fail(path, fmt::format("the new file is in place, but its folder cannot be flushed to disk: {}",
                               std::strerror(failure)));
}

void replace_file(const std::string& path, const std::string& bytes) {
    replace_file(path, [&](const std::string& temporary) {
        std::ofstream file(temporary, std::ios::binary);
        errno = 0;
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        if (!file.flush()) fail(path, fmt::format("cannot be written: {}", std::strerror(errno)));
    });
}

}  // namespace weft::data
