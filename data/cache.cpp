#include <weft/autograd/error.hpp>
#include <weft/data/cache.hpp>

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <system_error>

namespace weft::data {
namespace {

namespace fs = std::filesystem;

// An environment variable's value, if it is set to something.
std::optional<fs::path> from_environment(const char* name) {
    const char* value = std::getenv(name);
    if (!value || !*value) return std::nullopt;
    return value;
}

struct Place {
    fs::path folder;
    std::string why;  // it is looked at
};

// What a folder lacks, in words; "" if it has every file.
std::string lacking(const DataSet& set, const fs::path& folder) {
    std::error_code error;
    if (!fs::is_directory(folder, error)) return "no such folder";
    std::string missing;
    std::size_t count = 0;
    for (const DataFile& file : set.files) {
        if (!packed_or_not(folder, file.name).empty()) continue;
        missing += fmt::format("{}{}", count++ ? ", " : "", file.name);
    }
    if (count == set.files.size() && count > 1) return "none of the files";
    return count ? "lacks " + missing : "";
}

std::vector<Place> places(const DataSet& set, const fs::path& folder) {
    if (!folder.empty()) return {{folder, "the folder given"}, {folder / set.name, "inside the folder given"}};
    std::vector<Place> all;
    if (const auto data = from_environment("WEFT_DATA")) all.push_back({*data / set.name, "$WEFT_DATA"});
    if (const fs::path cache = cache_folder(); !cache.empty()) all.push_back({cache / set.name, "the user's cache"});
    if (!set.system_folder.empty()) all.push_back({set.system_folder, "the system's package"});
    return all;
}

// Fetches into the cache what it lacks; returns why that failed, or "".
std::string fetch_missing(const DataSet& set, const fs::path& folder) {
    try {
        for (const DataFile& file : set.files) {
            if (!packed_or_not(folder, file.name).empty()) continue;
            std::vector<std::string> urls;
            for (const std::string& address : set.addresses) urls.push_back(address + file.name + ".gz");
            std::fprintf(stderr, "weft: downloading %s.gz to %s\n", file.name.c_str(), folder.c_str());
            download(urls, folder / (file.name + ".gz"), file.digest);
        }
    } catch (const FileError& error) {
        return error.what();
    }
    return "";
}

}  // namespace

fs::path cache_folder() {
    // The XDG specification has relative paths ignored.
    if (const auto cache = from_environment("XDG_CACHE_HOME"); cache && cache->is_absolute()) return *cache / "weft";
    if (const auto home = from_environment("HOME")) return *home / ".cache" / "weft";
    return {};
}

fs::path packed_or_not(const fs::path& folder, const std::string& name) {
    std::error_code error;
    for (const char* suffix : {"", ".gz"})
        if (fs::path path = folder / (name + suffix); fs::is_regular_file(path, error)) return path;
    return {};
}

fs::path locate(const DataSet& set, const fs::path& folder, bool may_download) {
    std::string looked;
    for (const Place& place : places(set, folder)) {
        const std::string missing = lacking(set, place.folder);
        if (missing.empty()) return place.folder;
        looked += fmt::format("\n  {} ({}): {}", place.folder.string(), place.why, missing);
    }
    std::string failure;
    if (folder.empty() && may_download && !set.addresses.empty()) {
        const fs::path cache = cache_folder();
        failure = cache.empty() ? "neither XDG_CACHE_HOME nor HOME says where to put it"
                                : fetch_missing(set, cache / set.name);
        if (failure.empty()) return cache / set.name;
        failure = "\nDownload: " + failure;
    }
    std::string names;
    for (const DataFile& file : set.files) names += (names.empty() ? "" : ", ") + file.name;
    throw FileError(fmt::format(
        "{}: no folder holds the data set: {} (each may end in .gz). Looked in:{}{}\n"
        "Name the files' folder in the option .folder, or set WEFT_DATA to a folder that has them in {}/.{}",
        set.name, names, looked.empty() ? "\n  nothing: WEFT_DATA, XDG_CACHE_HOME and HOME are not set" : looked,
        failure, set.name, set.advice.empty() ? "" : " " + set.advice));
}

}  // namespace weft::data
