#include "report.hpp"

#include <weft/data/utf8.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace weft::tools {
namespace {

constexpr std::size_t longest = 4000;

bool is_control(char32_t point) { return (point < 0x20 && point != '\n') || (point >= 0x7f && point < 0xa0); }

}  // namespace

std::string printable(const std::string& text) {
    std::string shown;
    std::string_view rest = text;
    const auto spell = [&](std::string_view bytes) {
        for (const char byte : bytes) shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    };
    while (!rest.empty()) {
        const std::size_t valid = data::valid_utf8(rest);
        for (const std::string& character : data::characters(rest.substr(0, valid)))
            if (is_control(data::decode_utf8(character)[0])) spell(character);
            else shown += character;
        if (valid < rest.size()) spell(rest.substr(valid, 1));
        rest.remove_prefix(std::min(valid + 1, rest.size()));
    }
    return shown;
}

void report(const std::string& message) {
    std::string line = printable(message.size() > longest ? message.substr(0, longest) + "..." : message);
    while (!line.empty() && line.back() == '\n') line.pop_back();
    for (std::size_t end; (end = line.find('\n')) != line.npos;)
        line.replace(end, 1, line[end ? end - 1 : 0] == ':' ? " " : "; ");
    fmt::print(stderr, "weft: {}\n", line);
}

}  // namespace weft::tools
