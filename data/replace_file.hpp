// Writing a file so that a crash or a full disk at any moment leaves the old one whole.
#pragma once

#include <functional>
#include <string>

namespace weft::data {

/// Calls write(temporary) with the name of a file in the folder of `path`, flushes that file to disk and renames it over
/// `path`. If write throws, or anything fails, the temporary file is removed and `path` is as it was. Throws FileError.
void replace_file(const std::string& path, const std::function<void(const std::string& temporary)>& write);

}  // namespace weft::data
