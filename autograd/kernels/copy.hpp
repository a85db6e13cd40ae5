// Moving elements about: plain loops, the same on every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::kernels {

/// Copies an array of `shape` (rank axes) from strided source to strided destination; strides are in elements and may
/// be zero or negative in the source. item_size is 1, 4 or 8 bytes. Threads split large copies.
void strided_copy(std::size_t item_size, int rank, const std::int64_t* shape, const void* source,
                  const std::int64_t* source_strides, void* destination, const std::int64_t* destination_strides);

/// destination[i, :] = source[index[i], :] for rows of row_bytes; indices are in range.
void gather_rows(const void* source, const std::int64_t* index, std::int64_t count, std::size_t row_bytes,
                 void* destination);

/// destination[index[i], :] += source[i, :], in the order of i for each row.
void scatter_add_rows(const float* source, const std::int64_t* index, std::int64_t count, std::int64_t row_size,
                      float* destination);
void scatter_add_rows(const double* source, const std::int64_t* index, std::int64_t count, std::int64_t row_size,
                      double* destination);

}  // namespace weft::kernels
