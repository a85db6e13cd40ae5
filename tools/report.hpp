// How the command speaks: what comes from a file may hold anything, so nothing of it reaches a terminal as it is.
#pragma once

#include <string>

namespace weft::tools {

/// The exit statuses of every subcommand.
enum ExitStatus { success = 0, difference = 1, failure = 2 };

/// The text with control characters, but for line ends, spelled out as \x1b, and bytes that are no UTF-8 likewise.
std::string printable(const std::string& text);

/// One line to stderr, "weft: " before it; line ends within the text become semicolons, and what is very long is cut.
void report(const std::string& message);

}  // namespace weft::tools
