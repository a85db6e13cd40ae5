// Text files, and what becomes of a text before a model sees it: standardized, then split into tokens.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace weft::data {

/// A whole text file, gzip or not, without a byte order mark. Throws FileError that names the file: not there, empty,
/// larger than `most` bytes, or not UTF-8 (which byte, where).
std::string read_text(const std::filesystem::path& path, std::size_t most = std::size_t{1} << 30);

struct TokenizeOptions {
    /// "lower_and_strip_punctuation", "lower", "strip_punctuation" or "none", as Keras's TextVectorization has them:
    /// small letters (see lower_case), and no ASCII punctuation, apostrophes included.
    std::string standardize = "lower_and_strip_punctuation";
    /// "whitespace": what lies between white space; "words": runs of letters, digits and apostrophes within them, and
    /// each other mark a token of its own; "character": each code point, white space included.
    std::string split = "whitespace";
};

/// The text as the option `standardize` of TokenizeOptions says. Throws ValueError for another word, or bad UTF-8.
std::string standardize(std::string_view text, const std::string& how = "lower_and_strip_punctuation");

/// The tokens of a text, in order. Throws ValueError for an option that is none of the words, or for bytes that are not
/// UTF-8, naming the first and its position.
std::vector<std::string> tokenize(std::string_view text, const TokenizeOptions& options = {});

}  // namespace weft::data
