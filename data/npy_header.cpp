#include <weft/autograd/error.hpp>
#include <weft/data/npy_header.hpp>

#include <fmt/core.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>
#include <vector>

namespace weft::data {
namespace {

constexpr std::size_t longest_header = 65536;  // NumPy itself reads no more than 10,000 from strangers
constexpr char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

// Reads the one form of Python that a header is written in.
class Literal {
public:
    Literal(std::string_view text, const std::string& where) : text_(text), where_(where) {}

    bool take(char c) {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
        if (at_ == text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!take(c)) fail(fmt::format("expected '{}'", c));
    }
    std::string quoted() {
        const char quote = take('"') ? '"' : '\'';
        if (quote == '\'') expect('\'');
        const std::size_t end = text_.find(quote, at_);
        if (end == std::string_view::npos) fail("a text without its end");
        const std::string_view value = text_.substr(at_, end - at_);
        at_ = end + 1;
        return std::string(value);
    }
    bool truth() {
        for (const bool value : {false, true}) {
            const std::string_view word = value ? "True" : "False";
            take_spaces();
            if (text_.substr(at_, word.size()) != word) continue;
            at_ += word.size();
            return value;
        }
        fail("expected True or False");
    }
    Shape shape() {
        Shape shape;
        expect('(');
        while (!take(')')) {
            take_spaces();
            std::int64_t n = -1;
            const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), n);
            if (error != std::errc() || n < 0) fail("expected a size");
            at_ = static_cast<std::size_t>(end - text_.data());
            take('L');  // Python 2's
            if (shape.rank() == Shape::max_rank)
                throw FileError(
                    fmt::format("{}: an array of more than {} axes is not supported", where_, Shape::max_rank));
            shape.push_back(n);
            if (!take(',')) {
                expect(')');
                break;
            }
        }
        return shape;
    }
    [[noreturn]] void fail(const std::string& what) const {
        throw FileError(fmt::format("{}: the header is damaged: {} at its byte {}", where_, what, at_));
    }

private:
    void take_spaces() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }

    std::string_view text_;
    const std::string& where_;
    std::size_t at_ = 0;
};

// "<f4", "|b1", ...
void read_type(const std::string& type, NpyHeader& header, const std::string& where) {
    constexpr std::string_view known[] = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"};
    const bool marked = type.size() == 3 && std::strchr("<>=|", type[0]);
    bool found = false;
    for (std::string_view name : known) found = found || (marked && name == std::string_view(type).substr(1));
    if (!found)
        throw FileError(
            fmt::format("{}: elements of type '{}' are not supported; known are b1, i1 to i8, u1 to u8, f2, f4 and f8",
                        where, type));
    header.kind = type[1];
    header.item_bytes = type[2] - '0';
    const char other = std::endian::native == std::endian::little ? '>' : '<';
    header.other_endian = type[0] == other && header.item_bytes > 1;
}

NpyHeader parse(std::string_view text, const std::string& where) {
    NpyHeader header;
    Literal literal(text, where);
    int descr = 0, order = 0, shape = 0;
    literal.expect('{');
    while (!literal.take('}')) {
        const std::string key = literal.quoted();
        literal.expect(':');
        if (key == "descr") {
            if (literal.take('['))
                throw FileError(
                    fmt::format("{}: records are not supported; save each field as an array of its own", where));
            read_type(literal.quoted(), header, where);
            ++descr;
        } else if (key == "fortran_order") {
            header.fortran_order = literal.truth();
            ++order;
        } else if (key == "shape") {
            header.shape = literal.shape();
            ++shape;
        } else {
            literal.fail(fmt::format("an unknown entry '{}'", key));
        }
        if (!literal.take(',')) {
            literal.expect('}');
            break;
        }
    }
    if (descr != 1 || order != 1 || shape != 1) literal.fail("descr, fortran_order and shape must each be there once");
    return header;
}

}  // namespace

DType NpyHeader::dtype() const {
    if (kind == 'f') return item_bytes == 8 ? float64 : float32;
    if (kind == 'b') return boolean;
    return kind == 'u' && item_bytes == 1 ? uint8 : int64;
}

NpyHeader read_npy_header(const std::function<void(void* to, std::size_t bytes)>& read, std::size_t left,
                          const std::string& where) {
    const auto fail = [&](const std::string& what) { throw FileError(fmt::format("{}: {}", where, what)); };
    const auto take = [&](void* to, std::size_t bytes) {
        if (bytes > left) fail("the file is truncated: it ends within its header");
        read(to, bytes);
        left -= bytes;
    };
    char begin[8] = {};
    take(begin, left < sizeof begin ? left : sizeof begin);
    if (std::memcmp(begin, magic, sizeof magic) != 0) fail("this is no .npy file: it does not begin as NumPy's do");
    if (begin[6] < 1 || begin[6] > 3)
        fail(fmt::format("version {} of NumPy's format is not known; 1 to 3 are", static_cast<int>(begin[6])));
    unsigned char length[4] = {};
    take(length, begin[6] == 1 ? 2 : 4);
    const std::size_t bytes = length[0] | length[1] << 8 | length[2] << 16 | static_cast<std::size_t>(length[3]) << 24;
    if (bytes > longest_header)
        fail(fmt::format("its header claims {} bytes; no array needs more than {}", bytes, longest_header));
    std::string text(bytes, '\0');
    take(text.data(), bytes);
    const NpyHeader header = parse(text, where);

    std::size_t wanted = static_cast<std::size_t>(header.item_bytes);
    bool overflow = false, none = false;
    for (std::int64_t n : header.shape) {
        none = none || n == 0;
        overflow = __builtin_mul_overflow(wanted, static_cast<std::size_t>(n), &wanted) || overflow;
    }
    if (none) wanted = 0;
    else if (overflow) fail(fmt::format("its header says {}, more than any file holds", str(header.shape)));
    if (wanted > left)
        fail(fmt::format("the file is truncated: an array of shape {} takes {} bytes; {} are there", str(header.shape),
                         wanted, left));
    if (wanted < left)
        fail(fmt::format("the file is too long: an array of shape {} takes {} bytes; {} are there", str(header.shape),
                         wanted, left));
    return header;
}

std::string npy_header(const Shape& shape, DType dtype) {
    constexpr const char* types[] = {"b1", "u1", "i8", "f4", "f8"};
    std::string axes;
    for (std::int64_t n : shape) axes += fmt::format("{}, ", n);
    if (shape.rank() > 1) axes.resize(axes.size() - 2);
    if (shape.rank() == 1) axes.resize(axes.size() - 1);
    const char order = item_size(dtype) == 1 ? '|' : std::endian::native == std::endian::little ? '<' : '>';
    std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}", order,
                                   types[static_cast<int>(dtype)], axes);
    constexpr std::size_t ahead = sizeof magic + 4;
    text.append((64 - (ahead + text.size() + 1) % 64) % 64, ' ');
    text += '\n';
    std::string header(magic, sizeof magic);
    header += {'\1', '\0', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
    return header + text;
}

}  // namespace weft::data
