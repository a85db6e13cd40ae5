// JSON from strangers: bounded in size, depth and number of values before any of it is kept.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace weft::nn::saving {

using nlohmann::json;

/// Throws FileError for text that is no JSON, or beyond 64 MiB, 200 levels or four million values.
json parse_json(const std::string& text, const std::string& where);

/// A member of an object. Throws FileError, naming `where`, if there is none.
const json& member(const json& object, const char* key, const std::string& where);
/// A member that is a text.
const std::string& text_member(const json& object, const char* key, const std::string& where);
/// A member, or null.
const json& member_or_null(const json& object, const char* key);
/// A value for an error text, cut short.
std::string excerpt(const json& value);

}  // namespace weft::nn::saving
