// Tensors in and out of plain HDF5 files.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weft::data {

/// A numeric dataset of a file, by its path in it: "x", "group/x". Throws FileError.
Tensor load_hdf5(const std::string& path, const std::string& name);

/// A file of these datasets; one that was there is replaced when the new one is complete. Throws FileError.
void save_hdf5(const std::string& path, const std::vector<std::pair<std::string, Tensor>>& tensors);

}  // namespace weft::data
