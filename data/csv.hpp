// Columns of numbers out of CSV files (RFC 4180).
#pragma once

#include <weft/autograd/tensor.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace weft::data {

struct CsvOptions {
    std::vector<std::string> columns = {};  ///< by their names in the header, or their numbers from 0; {}: all
    char delimiter = ',';
    bool header = true;                     ///< whether the first line names the columns
    DType dtype = float32;                  ///< or float64
};

/// The numbers of a CSV file, gzip or not, [rows, columns]. Fields may be quoted and surrounded by blanks; empty lines
/// do not count. Throws FileError that names file, line and column for a field that is not a finite number, a line with
/// another number of fields, an open quote, a column that is not there, a file without rows, and as read_text does.
Tensor read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

}  // namespace weft::data
