// IDX, the format of MNIST and its kin: two zero bytes, the element type, the rank, each axis as a big-endian 32-bit
// number, then the elements in row-major order (http://yann.lecun.com/exdb/mnist).
#pragma once

#include <weft/autograd/tensor.hpp>

#include <cstdint>
#include <filesystem>

namespace weft::data {

struct IdxOptions {
    Shape shape = {};                                ///< what the file must hold; axes may be None; {} takes any shape
    std::int64_t max_bytes = std::int64_t{1} << 30;  ///< the most elements to make room for
};

/// The unsigned bytes of an IDX file, gzip or not, as a uint8 tensor. Header, shape and size are checked before memory
/// is taken for the elements. Throws FileError, naming the file: not there, not IDX, truncated, too long, corrupt.
Tensor read_idx(const std::filesystem::path& path, const IdxOptions& options = {});

}  // namespace weft::data
