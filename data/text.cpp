#include <weft/autograd/error.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/data/gzip.hpp>
#include <weft/data/text.hpp>
#include <weft/data/utf8.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace weft::data {
namespace {

// A named choice among some functions. Throws ValueError for another name.
template <class F, std::size_t n>
const F& choose(const char* option, const std::string& name, const std::pair<const char*, F> (&choices)[n]) {
    std::vector<std::string> names;
    for (const auto& [known, function] : choices) {
        if (name == known) return function;
        names.push_back(known);
    }
    throw ValueError(fmt::format("tokenize: there is no {} '{}'. {}", option, name, suggest(name, names)));
}

bool is_ascii_punctuation(char32_t point) { return point < 0x80 && is_mark(point); }

struct Standardize {
    bool lower, strip;
};

const Standardize& standardizer(const std::string& name) {
    static constexpr std::pair<const char*, Standardize> choices[] = {
        {"lower_and_strip_punctuation", {true, true}},
        {"lower", {true, false}},
        {"strip_punctuation", {false, true}},
        {"none", {false, false}},
    };
    return choose("standardize", name, choices);
}

using Tokens = std::vector<std::string>;
using Split = Tokens (*)(std::u32string_view);

Tokens split_characters(std::u32string_view text) {
    Tokens tokens;
    tokens.reserve(text.size());
    for (char32_t point : text) tokens.push_back(encode_utf8({&point, 1}));
    return tokens;
}

// Cuts at white space; calls use(begin, end) for what lies between.
template <class F>
void between_spaces(std::u32string_view text, F&& use) {
    for (std::size_t i = 0; i < text.size();) {
        std::size_t end = i;
        while (end < text.size() && !is_white_space(text[end])) ++end;
        if (end > i) use(i, end);
        i = end + 1;
    }
}

Tokens split_whitespace(std::u32string_view text) {
    Tokens tokens;
    between_spaces(text, [&](std::size_t begin, std::size_t end) {
        tokens.push_back(encode_utf8(text.substr(begin, end - begin)));
    });
    return tokens;
}

Tokens split_words(std::u32string_view text) {
    const auto is_apostrophe = [](char32_t point) { return point == U'\'' || point == 0x2019; };
    Tokens tokens;
    between_spaces(text, [&](std::size_t i, std::size_t stop) {
        while (i < stop) {
            std::size_t end = i;
            const auto letter = [&](std::size_t at) { return at < stop && !is_mark(text[at]); };
            while (letter(end) || (end > i && end < stop && is_apostrophe(text[end]) && letter(end + 1))) ++end;
            if (end == i) ++end;
            tokens.push_back(encode_utf8(text.substr(i, end - i)));
            i = end;
        }
    });
    return tokens;
}

std::u32string standardized(std::string_view text, const Standardize& how) {
    std::u32string points = decode_utf8(text);
    if (how.strip) points.erase(std::remove_if(points.begin(), points.end(), is_ascii_punctuation), points.end());
    if (how.lower) std::transform(points.begin(), points.end(), points.begin(), lower_case);
    return points;
}

}  // namespace

std::string read_text(const std::filesystem::path& path, std::size_t most) {
    const std::vector<std::uint8_t> bytes = read_file(path, most);
    std::string text(bytes.begin(), bytes.end());
    if (const std::size_t end = valid_utf8(text); end < text.size())
        throw FileError(fmt::format("{}: the file is not UTF-8: {}. Convert it first, e.g. iconv -f latin1 -t utf-8.",
                                    path.string(), describe_byte(text, end)));
    if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
    if (text.empty()) throw FileError(fmt::format("{}: the file is empty; expected text", path.string()));
    return text;
}

std::string standardize(std::string_view text, const std::string& how) {
    return encode_utf8(standardized(text, standardizer(how)));
}

std::vector<std::string> tokenize(std::string_view text, const TokenizeOptions& options) {
    static constexpr std::pair<const char*, Split> splits[] = {
        {"whitespace", split_whitespace},
        {"words", split_words},
        {"character", split_characters},
    };
    const Split split = choose("split", options.split, splits);
    return split(standardized(text, standardizer(options.standardize)));
}

}  // namespace weft::data
