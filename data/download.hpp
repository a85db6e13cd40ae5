// Files fetched from the network, whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace weft::data {

/// What a file must hold once it is unpacked; packing differs from place to place.
struct Digest {
    std::int64_t bytes = 0;
    std::uint32_t crc32 = 0;
};

/// Throws FileError if the file, gzip or not, does not unpack to exactly what the digest says.
void verify(const std::filesystem::path& path, const Digest& digest);

/// Whether this build of weft can fetch files.
bool can_download();

/// Fetches the first of `urls` that gives a file with this digest, and makes it `path`, in one step: until then, and
/// after an error, nothing is there. Makes the folder. Throws FileError that says what each of the addresses gave.
void download(const std::vector<std::string>& urls, const std::filesystem::path& path, const Digest& digest);

}  // namespace weft::data
