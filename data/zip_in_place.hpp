// Entries of zip archives that are stored, not packed, read and written where they lie: a large one need not be copied.
#pragma once

#include <weft/data/zip_archive.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weft::data {

/// Where the bytes of a stored entry begin in the archive's file. They were read once, and have the checksum that the
/// archive's directory states. Nothing if the entry is packed, its place cannot be told, or the checksum is another:
/// unpack it then, which says what is wrong with it.
std::optional<std::uint64_t> find_stored(const std::string& path, const std::string& name, const ZipEntry& entry);

/// Where the first entry begins in an archive that write_zip_in_place makes: HDF5 leaves that many bytes to others.
constexpr std::uint64_t in_place_begin = 512;

/// Writes an archive of stored entries, the first of which `write` puts into the file that it is given the path of,
/// from byte in_place_begin on to the file's end. A file that was there is replaced when the new one is complete.
/// Throws FileError; ValueError for a name that is too long.
void write_zip_in_place(const std::string& path, const std::string& first,
                        const std::function<void(const std::string& temporary)>& write,
                        const std::vector<std::pair<std::string, std::string>>& others);

}  // namespace weft::data
