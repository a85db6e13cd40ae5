// What to say when a name is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

/// Lower case, ASCII letters alone.
std::string lower(std::string_view name);

/// "Did you mean 'adam'? Known: adagrad, adam, ..."; the question only if a known name is near: at most a third of its
/// letters wrong, missing, extra or exchanged with a neighbour, whatever the case.
std::string suggest(std::string_view name, std::span<const std::string> known);

}  // namespace weft
