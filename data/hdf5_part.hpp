// An HDF5 file that lies within another file, such as an entry of an archive that is not packed.
#pragma once

#include <weft/data/hdf5_file.hpp>

#include <cstdint>
#include <string>

namespace weft::data {

/// Opens `bytes` bytes of a file, from byte `begin` on, as an HDF5 file to be read; error texts call it `label`. Throws
/// FileError.
Hdf5Object open_hdf5_part(const std::string& path, std::uint64_t begin, std::uint64_t bytes, const std::string& label);

}  // namespace weft::data
