// Tensors in and out of plain HDF5 files.
#pragma once

#include <weft/data/hdf5_file.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weft::data {

/// What a file says of a dataset. `name` is its path in the file, "group/x".
struct Hdf5Entry {
    std::string name;
    Shape shape;
    DType dtype;  ///< that load_hdf5 gives
};

/// The numeric datasets of a file that load_hdf5 reads, in the order of their names; anything else in it, such as links
/// that lead elsewhere, is left out. Throws FileError.
std::vector<Hdf5Entry> list_hdf5(const std::string& path);

struct LoadHdf5Options {
    std::int64_t begin = 0;   ///< the first position of the first axis
    std::int64_t end = None;  ///< the one after the last; None: all that follow
};

/// A numeric dataset of a file, by its path in it: "x", "group/x". Floats come as float32 or float64, h5py's booleans
/// as bool, unsigned bytes as uint8, other integers as int64. Throws FileError, also for what lies in another file, is
/// packed by something other than gzip, or claims more than the file can hold; IndexError for rows that are not there.
Tensor load_hdf5(const std::string& path, const std::string& name, const LoadHdf5Options& options = {});

/// A file of these datasets; one that was there is replaced when the new one is complete. Throws FileError.
void save_hdf5(const std::string& path, const std::vector<std::pair<std::string, Tensor>>& tensors,
               const Hdf5Layout& layout = {});

}  // namespace weft::data
