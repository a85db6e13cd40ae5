#include <weft/autograd/error.hpp>
#include <weft/data/utf8.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace weft::data {
namespace {

struct Range {
    char32_t first, last;
};

template <std::size_t n>
bool within(const Range (&ranges)[n], char32_t point) {
    return std::any_of(std::begin(ranges), std::end(ranges),
                       [&](const Range& range) { return point >= range.first && point <= range.last; });
}

bool is_scalar(char32_t point) { return point < 0xd800 || (point > 0xdfff && point <= 0x10ffff); }

// The code point at the front of a text that is not empty; how many bytes it takes, 0 if it is none.
struct Front {
    char32_t point;
    std::size_t bytes;
};

Front front(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) return {first, 1};
    const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {0, 0};
    char32_t point = first & (0xff >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {0, 0};
        point = point << 6 | (byte(i) & 0x3f);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return point >= least[bytes] && is_scalar(point) ? Front{point, bytes} : Front{0, 0};
}

// Calls use(point, its bytes) for each code point; returns the position of the first byte that begins none.
template <class F>
std::size_t walk(std::string_view text, F&& use) {
    std::size_t position = 0;
    while (position < text.size()) {
        const Front next = front(text.substr(position));
        if (next.bytes == 0) break;
        use(next.point, text.substr(position, next.bytes));
        position += next.bytes;
    }
    return position;
}

template <class F>
void walk_all(std::string_view text, F&& use) {
    if (const std::size_t end = walk(text, use); end < text.size())
        throw ValueError(fmt::format("the text is not UTF-8: {}. Convert it first.", describe_byte(text, end)));
}

// Capital letters whose small one is a constant away, and alternating pairs of capital and small.
struct Shift {
    char32_t first, last;
    int by;
};
constexpr Shift shifts[] = {
    {U'A', U'Z', 32},      {0xc0, 0xd6, 32},     {0xd8, 0xde, 32},     {0x388, 0x38a, 37},  {0x391, 0x3a1, 32},
    {0x3a3, 0x3ab, 32},    {0x400, 0x40f, 80},   {0x410, 0x42f, 32},   {0x386, 0x386, 38},  {0x38c, 0x38c, 64},
    {0x38e, 0x38f, 63},    {0x130, 0x130, -199}, {0x178, 0x178, -121}, {0x1e9e, 0x1e9e, -7615},
};
constexpr Range pairs[] = {
    {0x100, 0x12f}, {0x132, 0x137}, {0x139, 0x148}, {0x14a, 0x177}, {0x179, 0x17e},   {0x1cd, 0x1dc}, {0x1de, 0x1ef},
    {0x1f8, 0x21f}, {0x222, 0x233}, {0x460, 0x481}, {0x48a, 0x4bf}, {0x1e00, 0x1e95}, {0x1ea0, 0x1eff},
};

}  // namespace

std::size_t valid_utf8(std::string_view text) {
    return walk(text, [](char32_t, std::string_view) {});
}

std::u32string decode_utf8(std::string_view text) {
    std::u32string points;
    points.reserve(text.size());
    walk_all(text, [&](char32_t point, std::string_view) { points.push_back(point); });
    return points;
}

std::string encode_utf8(std::u32string_view points) {
    std::string text;
    text.reserve(points.size());
    for (char32_t point : points) {
        if (!is_scalar(point)) point = 0xfffd;
        const int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        constexpr unsigned lead[] = {0, 0xc0, 0xe0, 0xf0};
        text.push_back(static_cast<char>(lead[more] | point >> (6 * more)));
        for (int i = more - 1; i >= 0; --i) text.push_back(static_cast<char>(0x80 | (point >> (6 * i) & 0x3f)));
    }
    return text;
}

std::vector<std::string> characters(std::string_view text) {
    std::vector<std::string> result;
    result.reserve(text.size());
    walk_all(text, [&](char32_t, std::string_view bytes) { result.emplace_back(bytes); });
    return result;
}

std::string describe_byte(std::string_view text, std::size_t position) {
    return fmt::format("byte 0x{:02x} at position {} (line {})", static_cast<unsigned char>(text[position]), position,
                       1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
}

char32_t lower_case(char32_t point) {
    for (const Shift& shift : shifts)
        if (point >= shift.first && point <= shift.last)
            return static_cast<char32_t>(static_cast<int>(point) + shift.by);
    for (const Range& range : pairs)
        if (point >= range.first && point <= range.last) return point + ((point - range.first) % 2 == 0);
    return point;
}

bool is_white_space(char32_t point) {
    constexpr Range spaces[] = {
        {0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},     {0x1680, 0x1680},
        {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
    };
    return within(spaces, point);
}

bool is_mark(char32_t point) {
    constexpr Range marks[] = {
        {0x21, 0x2f},     {0x3a, 0x40},     {0x5b, 0x60},     {0x7b, 0x7e},     {0xa1, 0xa9},       {0xab, 0xac},
        {0xae, 0xb1},     {0xb4, 0xb4},     {0xb6, 0xb8},     {0xbb, 0xbb},     {0xbf, 0xbf},       {0xd7, 0xd7},
        {0xf7, 0xf7},     {0x37e, 0x37e},   {0x387, 0x387},   {0x2010, 0x2027}, {0x2030, 0x205e},   {0x20a0, 0x20cf},
        {0x2190, 0x2bff}, {0x2e00, 0x2e7f}, {0x3001, 0x3004}, {0x3008, 0x3020}, {0x3030, 0x3030},   {0xfe10, 0xfe19},
        {0xfe30, 0xfe6f}, {0xff01, 0xff0f}, {0xff1a, 0xff20}, {0xff3b, 0xff40}, {0x1f000, 0x1faff},
    };
    return within(marks, point);
}

}  // namespace weft::data
