// Entries of zip archives that are stored, not packed, read and written where they lie: a large one need not be copied.
#pragma once

#include <weft/data/zip_archive.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weft::data {

/// Where a stored entry of that many bytes begins in the archive's file; its checksum was compared. Nothing if it is packed,
/// if its place cannot be told, or if the checksum is wrong: unpack it then, which says what is wrong with it.
std::optional<std::uint64_t> find_stored(const std::string& path, const std::string& name, std::uint64_t bytes);

/// Where the first entry begins in an archive that write_zip_in_place makes: HDF5 leaves that many bytes to others.
constexpr std::uint64_t in_place_begin = 512;

/// Writes an archive of stored entries, the first of which `write` puts into the file that it is given the path of, from
/// byte in_place_begin on to the file's end. A file that was there is replaced when the new one is complete. Throws
/// FileError; ValueError for a name that is too long.
void write_zip_in_place(const std::string& path, const std::string& first, const std::function<void(const std::string& temporary)>& write,
                        const std::vector<std::pair<std::string, std::string>>& others);

}  // namespace weft::data
