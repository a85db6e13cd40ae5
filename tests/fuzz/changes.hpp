// What can be done to valid files so that readers have something to refuse.
#pragma once

#include "choices.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace weft::fuzz {

/// Swaps values, types and keys; drops and doubles entries.
void change_json(nlohmann::json& config, Choices& choices);

/// Edits an HDF5 file through HDF5 itself: removes, renames, retypes and reshapes groups, datasets and attributes;
/// makes links that lead elsewhere or in circles, virtual and external datasets, and ones that are packed or were never
/// written.
void change_tree(const std::string& file, Choices& choices);

struct ArchiveEntry {
    std::string name, bytes;
};
/// A zip archive of these, some of them renamed, doubled, left out, packed, or not what their headers say.
std::string changed_archive(std::vector<ArchiveEntry> entries, Choices& choices);

}  // namespace weft::fuzz
