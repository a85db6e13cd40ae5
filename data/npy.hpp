// NumPy's files: .npy holds one array, .npz is a zip archive of several.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weft::data {

/// The array of a .npy file, in either order of axes and bytes. Its elements become float64 (f8), float32 (f2, f4),
/// bool (b1), uint8 (u1) or int64 (all other integers). Throws FileError: not there, not NumPy's, truncated, too long,
/// elements of another type, an integer that int64 cannot hold.
Tensor load_npy(const std::string& path);

/// A file that was there is replaced when the new one is complete. Throws FileError.
void save_npy(const std::string& path, const Tensor& value);

/// The arrays of a .npz file, by their names without ".npy", in the archive's order. Throws FileError.
std::vector<std::pair<std::string, Tensor>> load_npz(const std::string& path);
/// One of them. Throws FileError, naming those that are there.
Tensor load_npz(const std::string& path, const std::string& name);

struct SaveNpzOptions {
    int compression = 0;  ///< deflate's level, 1 (fast) to 9 (small); 0: none
};

/// Replaces as save_npy does. Throws FileError; ValueError for a name that is empty, there twice or leads out of the
/// archive, for no tensors, or a level out of range.
void save_npz(const std::string& path, const std::vector<std::pair<std::string, Tensor>>& tensors,
              const SaveNpzOptions& options = {});

}  // namespace weft::data
