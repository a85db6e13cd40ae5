// UTF-8 (RFC 3629), and what text processing asks of a code point.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace weft::data {

/// How many bytes at the front of the text are UTF-8: all of them, or the position of the first that cannot be (an
/// overlong form, a surrogate, beyond U+10FFFF, or a sequence cut short).
std::size_t valid_utf8(std::string_view text);

/// The code points of a text. Throws ValueError that names the first bad byte and its position.
std::u32string decode_utf8(std::string_view text);
/// A code point that is none becomes U+FFFD.
std::string encode_utf8(std::u32string_view points);
/// Each code point of a text as a text of its own. Throws ValueError as decode_utf8 does.
std::vector<std::string> characters(std::string_view text);

/// "byte 0xff at position 12 (line 3)", for error texts about the byte at that position.
std::string describe_byte(std::string_view text, std::size_t position);

/// The small letter of a capital one of the Latin, Greek and Cyrillic scripts; any other code point as it is.
char32_t lower_case(char32_t point);
/// Unicode's White_Space.
bool is_white_space(char32_t point);
/// Punctuation and symbols, by their blocks: not letters, digits, combining marks, white space or control characters.
bool is_mark(char32_t point);

}  // namespace weft::data
