// Files as these tests write them: IDX, and gzip around anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::testing {

/// An IDX header of unsigned bytes.
std::string idx_header(const std::vector<std::uint32_t>& shape, std::uint8_t type = 0x08);
/// An IDX file whose element i is i modulo 251.
std::string idx(const std::vector<std::uint32_t>& shape);
/// The bytes as a gzip file.
std::string gzip(const std::string& bytes);
std::uint32_t checksum(const std::string& bytes);

/// The four files of a small data set in MNIST's form, as (name, bytes).
std::vector<std::pair<std::string, std::string>> small_mnist(std::uint32_t train = 5, std::uint32_t test = 3);

}  // namespace weft::testing
