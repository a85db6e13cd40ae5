// Zip archives: NumPy's .npz, Keras's .keras. Read with distrust: what an entry claims is compared with what the file
// holds before anything is allocated, and names that lead out of the archive are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weft::data {

/// Whether this build of weft can read and write archives.
bool can_zip();
/// Whether a file begins as zip archives do. Throws FileError if it cannot be read.
bool is_zip(const std::string& path);

/// One entry being read, from its first byte to its last.
class ZipEntry {
public:
    /// How many bytes it unpacks to.
    std::uint64_t bytes() const { return bytes_; }
    std::uint64_t left() const { return bytes_ - position_; }
    /// The CRC-32 that the archive's directory states for it.
    std::uint32_t checksum() const { return checksum_; }
    /// The next bytes. Throws FileError if there are fewer, or they are damaged; the checksum is known to be good once
    /// `left` is 0.
    void read(void* to, std::size_t bytes);
    /// All that is left.
    std::string read();
    /// "file.npz, x.npy", for error texts.
    const std::string& where() const { return where_; }

private:
    friend class ZipReader;
    std::shared_ptr<void> archive_, file_;  // libzip's
    std::uint64_t bytes_ = 0, position_ = 0;
    std::uint32_t checksum_ = 0;
    std::string where_;
};

/// An archive of stored or deflated entries.
class ZipReader {
public:
    /// Throws FileError: not there, no archive, damaged, a name that is there twice, absolute or climbs out with "..",
    /// a size that the file cannot hold.
    explicit ZipReader(const std::string& path);

    /// In the archive's order, folders left out; a writer's backslashes are slashes here.
    const std::vector<std::string>& names() const { return names_; }
    bool contains(const std::string& name) const;
    /// Throws FileError if there is no such entry, or it is encrypted or packed in another way.
    ZipEntry open(const std::string& name) const;

private:
    std::string path_;
    std::shared_ptr<void> archive_;
    std::vector<std::string> names_;
    std::vector<std::uint64_t> indices_;  // of the names, in the archive
};

/// What is to become an entry: bytes in pieces, which stay the caller's.
struct ZipPart {
    std::string name;
    std::vector<std::span<const std::byte>> pieces;
    int compression = 0;  ///< deflate's level, 1 to 9; 0: stored
};

/// Writes an archive; a file that was there is replaced when the new one is complete. The same parts give the same
/// bytes. Throws FileError; ValueError for no parts, or a name that ZipReader would not take.
void write_zip(const std::string& path, const std::vector<ZipPart>& parts);

}  // namespace weft::data
