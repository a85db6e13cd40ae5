// What nearly every source includes, compiled once: it halves the time of a build from scratch. Sources name their own
// includes all the same, and build without this too (meson setup -Db_pch=false).
#include <weft/autograd/tensor.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <unordered_map>
