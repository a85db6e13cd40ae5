#include <weft/autograd/error.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/data/npy.hpp>
#include <weft/data/npy_header.hpp>
#include <weft/data/replace_file.hpp>
#include <weft/data/zip_archive.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <span>
#include <system_error>

namespace weft::data {
namespace {

using Read = std::function<void(void* to, std::size_t bytes)>;

// An element as the file has it, its bytes in this machine's order.
template <class T>
T element(const std::byte* from, bool other_endian) {
    std::byte bytes[sizeof(T)];
    std::memcpy(bytes, from, sizeof bytes);
    if (other_endian) std::reverse(bytes, bytes + sizeof bytes);
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

// IEEE 754's half precision.
float from_half(std::uint16_t half) {
    const int exponent = half >> 10 & 31, fraction = half & 1023;
    const float sign = half >> 15 ? -1.0f : 1.0f;
    if (exponent == 31) return fraction ? std::nanf("") : sign * HUGE_VALF;
    return sign * (exponent ? std::ldexp(static_cast<float>(fraction + 1024), exponent - 25)
                            : std::ldexp(static_cast<float>(fraction), -24));
}

struct Half {
    std::uint16_t bits;
};

template <class From, class To>
void convert(const std::byte* from, std::int64_t count, bool other_endian, To* to, const std::string& where) {
    for (std::int64_t i = 0; i < count; ++i) {
        const From value = element<From>(from + static_cast<std::size_t>(i) * sizeof(From), other_endian);
        if constexpr (std::is_same_v<From, Half>) {
            to[i] = from_half(value.bits);
        } else if constexpr (std::is_same_v<To, bool>) {
            to[i] = value != 0;
        } else {
            if constexpr (std::is_same_v<From, std::uint64_t>)
                if (value >> 63)
                    throw FileError(fmt::format("{}: holds the integer {}, more than int64 does", where, value));
            to[i] = static_cast<To>(value);
        }
    }
}

// Elements of the header's type into the tensor's, from position `at` on.
void convert(const NpyHeader& header, const std::byte* from, std::int64_t count, Array& to, std::int64_t at,
             const std::string& where) {
    const auto as = [&]<class From, class To>(From, To) {
        convert<From>(from, count, header.other_endian, to.data<To>() + at, where);
    };
    using i64 = std::int64_t;
    switch (header.kind) {
        case 'b': return as(std::uint8_t{}, bool{});
        case 'f':
            if (header.item_bytes == 2) return as(Half{}, float{});
            return header.item_bytes == 4 ? as(float{}, float{}) : as(double{}, double{});
        case 'i':
            if (header.item_bytes == 1) return as(std::int8_t{}, i64{});
            if (header.item_bytes == 2) return as(std::int16_t{}, i64{});
            return header.item_bytes == 4 ? as(std::int32_t{}, i64{}) : as(std::int64_t{}, i64{});
        default:
            if (header.item_bytes == 1) return as(std::uint8_t{}, std::uint8_t{});
            if (header.item_bytes == 2) return as(std::uint16_t{}, i64{});
            return header.item_bytes == 4 ? as(std::uint32_t{}, i64{}) : as(std::uint64_t{}, i64{});
    }
}

Tensor read_array(const Read& read, std::size_t left, const std::string& where) {
    const NpyHeader header = read_npy_header(read, left, where);
    Shape shape = header.shape;
    if (header.fortran_order) std::reverse(shape.begin(), shape.end());
    Array result(shape, header.dtype());
    const auto item = static_cast<std::size_t>(header.item_bytes);
    const bool checked = header.kind == 'b' || (header.kind == 'u' && item == 8);  // not every value will do
    if (item == item_size(result.dtype()) && !header.other_endian && !checked) {
        read(result.data<std::byte>(), result.bytes());
    } else {
        std::vector<std::byte> block(std::size_t{1} << 16);
        const auto most = static_cast<std::int64_t>(block.size() / item);
        for (std::int64_t at = 0; at < result.elements(); at += most) {
            const std::int64_t count = std::min(most, result.elements() - at);
            read(block.data(), static_cast<std::size_t>(count) * item);
            convert(header, block.data(), count, result, at, where);
        }
    }
    const Tensor tensor(std::move(result));
    return header.fortran_order && shape.rank() > 1 ? transpose(tensor) : tensor;
}

Tensor read_entry(ZipEntry entry) {
    return read_array([&](void* to, std::size_t bytes) { entry.read(to, bytes); }, entry.left(), entry.where());
}

constexpr std::string_view suffix = ".npy";

std::string array_name(const std::string& entry) {
    return entry.ends_with(suffix) ? entry.substr(0, entry.size() - suffix.size()) : entry;
}

void require_value(const Tensor& value, const std::string& where) {
    if (!value.defined()) throw ValueError(fmt::format("{}: an undefined tensor cannot be saved", where));
}

}  // namespace

Tensor load_npy(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    std::ifstream file(path, std::ios::binary);
    if (error || !file)
        throw FileError(fmt::format("{}: the file cannot be read. Does it exist, and may you read it?", path));
    const auto read = [&](void* to, std::size_t bytes) {
        if (!file.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes)))
            throw FileError(fmt::format("{}: the file cannot be read to its end", path));
    };
    return read_array(read, size, path);
}

void save_npy(const std::string& path, const Tensor& value) {
    require_value(value, path);
    const std::string header = npy_header(value.shape(), value.dtype());
    replace_file(path, [&](const std::string& temporary) {
        std::ofstream file(temporary, std::ios::binary);
        errno = 0;
        file.write(header.data(), static_cast<std::streamsize>(header.size()));
        file.write(value.data().data<char>(), static_cast<std::streamsize>(value.data().bytes()));
        if (!file.flush()) throw FileError(fmt::format("{}: cannot be written: {}", path, std::strerror(errno)));
    });
}

std::vector<std::pair<std::string, Tensor>> load_npz(const std::string& path) {
    const ZipReader archive(path);
    std::vector<std::pair<std::string, Tensor>> tensors;
    for (const std::string& name : archive.names())
        tensors.emplace_back(array_name(name), read_entry(archive.open(name)));
    return tensors;
}

Tensor load_npz(const std::string& path, const std::string& name) {
    const ZipReader archive(path);
    std::string there;
    for (const std::string& entry : archive.names()) {
        if (array_name(entry) == name) return read_entry(archive.open(entry));
        there += (there.empty() ? "" : ", ") + array_name(entry);
    }
    throw FileError(fmt::format("{}: there is no array '{}' in it; there are: {}", path, name, there));
}

void save_npz(const std::string& path, const std::vector<std::pair<std::string, Tensor>>& tensors,
              const SaveNpzOptions& options) {
    if (tensors.empty()) throw ValueError(fmt::format("{}: expects at least one tensor; received none", path));
    if (options.compression < 0 || options.compression > 9)
        throw ValueError(
            fmt::format("{}: compression must be between 0 (none) and 9; received {}", path, options.compression));
    std::vector<std::string> headers;
    for (const auto& [name, value] : tensors) {
        require_value(value, fmt::format("{}, {}", path, name));
        if (name.empty()) throw ValueError(fmt::format("{}: every array needs a name", path));
        headers.push_back(npy_header(value.shape(), value.dtype()));
    }
    std::vector<ZipPart> parts;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const Array& array = tensors[i].second.data();
        parts.push_back({tensors[i].first + std::string(suffix),
                         {std::as_bytes(std::span(headers[i])), {array.data<std::byte>(), array.bytes()}},
                         options.compression});
    }
    write_zip(path, parts);
}

}  // namespace weft::data
