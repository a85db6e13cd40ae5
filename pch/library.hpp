// What nearly every source includes, compiled once: 15 to 40 % of a source's time. Sources name their own includes all
// the same, and are meant to build without this too (meson setup -Db_pch=false).
#include <weft/autograd/tensor.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <unordered_map>
