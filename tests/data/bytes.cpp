#include "bytes.hpp"

#include <zlib.h>

#include <stdexcept>

namespace weft::testing {

std::string idx_header(const std::vector<std::uint32_t>& shape, std::uint8_t type) {
    std::string bytes{'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
    for (std::uint32_t n : shape)
        for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(n >> shift & 0xff));
    return bytes;
}

std::string idx(const std::vector<std::uint32_t>& shape) {
    std::size_t elements = 1;
    for (std::uint32_t n : shape) elements *= n;
    std::string bytes = idx_header(shape);
    for (std::size_t i = 0; i < elements; ++i) bytes.push_back(static_cast<char>(i % 251));
    return bytes;
}

std::string gzip(const std::string& bytes) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::runtime_error("zlib cannot be started");
    std::string packed(deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int code = deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    if (code != Z_STREAM_END) throw std::runtime_error("zlib cannot pack");
    return packed;
}

std::uint32_t checksum(const std::string& bytes) {
    return static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::vector<std::pair<std::string, std::string>> small_mnist(std::uint32_t train, std::uint32_t test) {
    return {{"train-images-idx3-ubyte", idx({train, 28, 28})},
            {"train-labels-idx1-ubyte", idx({train})},
            {"t10k-images-idx3-ubyte", idx({test, 28, 28})},
            {"t10k-labels-idx1-ubyte", idx({test})}};
}

}  // namespace weft::testing
