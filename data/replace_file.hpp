// Writing a file so that a crash or a full disk at any moment leaves the old one whole.
#pragma once

#include <functional>
#include <string>

namespace weft::data {

/// Calls write(temporary) with the name of an empty file in the folder of `path`, flushes that file to disk and renames
/// it over `path`, whose permissions it takes; a link is followed and stays a link. If write throws, or anything fails,
/// the temporary file is removed and `path` is as it was; if the process is killed, `path` is as it was, or the new
/// file in whole. Throws FileError, and what write throws.
void replace_file(const std::string& path, const std::function<void(const std::string& temporary)>& write);

/// The same for bytes that are in memory. Throws FileError.
void replace_file(const std::string& path, const std::string& bytes);

}  // namespace weft::data
