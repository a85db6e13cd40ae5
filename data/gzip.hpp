// Files read from the front, unpacked on the way if they are gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

namespace weft::data {

/// The most bytes that deflate packs into one, on average: 258 into two bits.
inline constexpr std::uint64_t greatest_deflate_ratio = 1032;

/// Reads a file's bytes; whether it is gzip is told by its first bytes, not by its name. Every error is a FileError
/// that names the file. gzip's own checksum is known to be good once `at_end` has said true.
class GzipReader {
public:
    explicit GzipReader(const std::filesystem::path& path);
    ~GzipReader();
    GzipReader(const GzipReader&) = delete;
    GzipReader& operator=(const GzipReader&) = delete;

    /// Up to `bytes` bytes; fewer only at the end. Throws for a truncated or corrupt gzip file.
    std::size_t read_some(void* to, std::size_t bytes);
    /// Exactly `bytes` bytes. Throws for a file that ends before.
    void read(void* to, std::size_t bytes);
    /// Whether every byte has been read. Throws for a bad gzip checksum.
    bool at_end();

    const std::filesystem::path& path() const { return path_; }
    /// Whether the file is gzip.
    bool packed() const { return packed_; }
    /// The most bytes that a file of this size can hold: its own size, or that times deflate's greatest ratio.
    std::uint64_t most_bytes() const { return most_bytes_; }
    /// How many bytes have been read.
    std::uint64_t position() const { return position_; }

private:
    std::filesystem::path path_;
    void* file_ = nullptr;  // zlib's gzFile
    bool packed_ = false;
    std::uint64_t most_bytes_ = 0, position_ = 0;
};

/// A whole file, unpacked. Throws FileError, also if it holds more than `most` bytes, before it reads more than those.
std::vector<std::uint8_t> read_file(const std::filesystem::path& path, std::size_t most);

}  // namespace weft::data
