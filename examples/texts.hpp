// Text to learn from.
#pragma once

#include <string>
#include <vector>

namespace examples {

inline constexpr const char* usual_text = "tinyshakespeare.txt";

struct Texts {
    std::vector<std::string> texts;
    std::string origin;  ///< where they come from, in words
};

/// The file of that name in `folder` or, if none is given, in $WEFT_DATA/text or the user's cache. Where the usual one
/// is not found, and no folder was given, the licences that every Debian has in /usr/share/common-licenses. Throws
/// weft::FileError.
Texts find_texts(const std::string& folder, const std::string& file);

}  // namespace examples
