// Where the project's own files lie while the tests run.
#pragma once

#include <string>

namespace weft::testing {

/// The absolute path of a file or folder of the source tree: source_path("tests/fixtures").
std::string source_path(const std::string& relative);

}  // namespace weft::testing
