// Where data sets lie on this machine, and how they get there.
#pragma once

#include <weft/data/download.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace weft::data {

/// A file of a data set, without ".gz": it may lie there packed or not.
struct DataFile {
    std::string name;
    Digest digest = {};
};

/// A published data set. `name` is its folder's in $WEFT_DATA and in the cache.
struct DataSet {
    std::string name;
    std::vector<DataFile> files;
    std::vector<std::string> addresses = {};      ///< folders on the network that hold the files as <name>.gz
    std::filesystem::path system_folder = {};     ///< where the system's package puts them
    std::string advice = {};                      ///< added to the error when they are nowhere: another way to get them
};

/// $XDG_CACHE_HOME/weft or ~/.cache/weft; empty if neither variable is set.
std::filesystem::path cache_folder();

/// The file or its packed form in a folder; empty if neither is there.
std::filesystem::path packed_or_not(const std::filesystem::path& folder, const std::string& name);

/// The folder that holds all files of a data set: `folder` or <folder>/<name> if a folder is given; else the first of
/// $WEFT_DATA/<name>, the user's cache and the system's folder that has them all; else the cache, once the missing ones
/// are downloaded into it. Throws FileError that says where it looked, what was missing there and what can be done.
std::filesystem::path locate(const DataSet& set, const std::filesystem::path& folder = {}, bool download = true);

}  // namespace weft::data
