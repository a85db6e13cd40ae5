#include <weft/autograd/error.hpp>
#include <weft/data/gzip.hpp>

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>

namespace weft::data {
namespace {

gzFile handle(void* file) { return static_cast<gzFile>(file); }

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
    throw FileError(fmt::format("{}: {}", path.string(), what));
}

}  // namespace

GzipReader::GzipReader(const std::filesystem::path& path) : path_(path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) fail(path, "there is no such file");
    if (error) fail(path, fmt::format("cannot be opened: {}", error.message()));
    if (!std::filesystem::is_regular_file(status)) fail(path, "is not a regular file");
    const std::uint64_t size = std::filesystem::file_size(path, error);
    if (error) fail(path, fmt::format("cannot be opened: {}", error.message()));

    unsigned char magic[2] = {};
    errno = 0;
    std::ifstream start(path, std::ios::binary);
    if (!start) fail(path, fmt::format("cannot be opened: {}", std::strerror(errno)));
    start.read(reinterpret_cast<char*>(magic), 2);
    packed_ = start.gcount() == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    most_bytes_ = packed_ ? size * greatest_deflate_ratio : size;

    file_ = gzopen(path.c_str(), "rbe");
    if (!file_) fail(path, fmt::format("cannot be opened: {}", std::strerror(errno)));
    gzbuffer(handle(file_), 1 << 17);
}

GzipReader::~GzipReader() {
    if (file_) gzclose(handle(file_));
}

std::size_t GzipReader::read_some(void* to, std::size_t bytes) {
    constexpr std::size_t step = 1 << 30;  // zlib counts in int
    std::size_t done = 0;
    while (done < bytes) {
        const auto wanted = static_cast<unsigned>(std::min(bytes - done, step));
        const int got = gzread(handle(file_), static_cast<char*>(to) + done, wanted);
        int code = Z_OK;
        const char* text = gzerror(handle(file_), &code);
        if (code == Z_BUF_ERROR) fail(path_, "the gzip file is truncated: it ends before its data do. Fetch it again.");
        if (code == Z_ERRNO) fail(path_, fmt::format("cannot be read: {}", std::strerror(errno)));
        if (got < 0 || (code != Z_OK && code != Z_STREAM_END))
            fail(path_, fmt::format("the gzip file is corrupt ({}). Fetch it again.", text));
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
        position_ += static_cast<std::uint64_t>(got);
    }
    return done;
}

void GzipReader::read(void* to, std::size_t bytes) {
    const std::uint64_t before = position_;
    const std::size_t got = read_some(to, bytes);
    if (got < bytes)
        fail(path_, fmt::format("the file is truncated: expected {} bytes from byte {} on; received {}", bytes, before,
                                got));
}

bool GzipReader::at_end() {
    char next;
    if (read_some(&next, 1) == 0) return true;
    gzungetc(static_cast<unsigned char>(next), handle(file_));
    --position_;
    return false;
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::size_t most) {
    GzipReader file(path);
    constexpr std::size_t step = 1 << 16;
    std::vector<std::uint8_t> bytes;
    while (bytes.size() < most) {
        const std::size_t before = bytes.size(), room = std::min(std::max(before, step), most - before);
        bytes.resize(before + room);
        const std::size_t got = file.read_some(bytes.data() + before, room);
        bytes.resize(before + got);
        if (got < room) break;
    }
    if (!file.at_end())
        fail(path, fmt::format("holds more than the {} bytes expected{}", most, file.packed() ? ", unpacked" : ""));
    return bytes;
}

}  // namespace weft::data
