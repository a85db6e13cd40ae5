#include "texts.hpp"

#include <weft/autograd/error.hpp>
#include <weft/data/cache.hpp>
#include <weft/data/text.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace examples {
namespace {

namespace fs = std::filesystem;

const fs::path licences = "/usr/share/common-licenses";

// The licences, each once: shorter names are links to some version.
std::vector<fs::path> licence_files() {
    std::vector<fs::path> files;
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(licences, none))
        if (entry.is_regular_file() && !entry.is_symlink()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

Texts find_texts(const std::string& folder, const std::string& file) {
    try {
        const fs::path path =
            weft::data::packed_or_not(weft::data::locate({.name = "text", .files = {{file}}}, folder), file);
        return {{weft::data::read_text(path)}, path.string()};
    } catch (const weft::FileError&) {
        const std::vector<fs::path> files = licence_files();
        if (!folder.empty() || file != usual_text || files.empty()) throw;
        Texts found{{},
                    fmt::format("there is no {} in $WEFT_DATA/text: the {} licences of {} instead", file, files.size(),
                                licences.string())};
        for (const fs::path& licence : files) found.texts.push_back(weft::data::read_text(licence));
        return found;
    }
}

}  // namespace examples
