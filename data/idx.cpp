#include <weft/autograd/error.hpp>
#include <weft/data/gzip.hpp>
#include <weft/data/idx.hpp>

#include <fmt/core.h>

#include <array>
#include <string>

namespace weft::data {
namespace {

constexpr std::uint8_t unsigned_byte = 0x08;

bool fits(const Shape& shape, const Shape& expected) {
    if (shape.rank() != expected.rank()) return false;
    for (int i = 0; i < shape.rank(); ++i)
        if (expected[i] != None && expected[i] != shape[i]) return false;
    return true;
}

FileError bad(const GzipReader& file, const std::string& what) {
    return FileError(fmt::format("{}: {}", file.path().string(), what));
}

/// The shape that the header names, once it is known to be one of uint8 elements.
Shape read_header(GzipReader& file) {
    const auto fail = [&](const std::string& what) { throw bad(file, what); };
    std::array<std::uint8_t, 4> magic{};
    const std::size_t got = file.read_some(magic.data(), magic.size());
    if (got < magic.size()) fail(fmt::format("not an IDX file: its header takes 4 bytes; the file holds {}", got));
    if (magic[0] != 0 || magic[1] != 0)
        fail(fmt::format("not an IDX file: it must begin with 00 00; received {:02x} {:02x}", magic[0], magic[1]));
    if (magic[2] != unsigned_byte)
        fail(fmt::format("an IDX file of unsigned bytes has element type 0x08; received 0x{:02x}", magic[2]));
    if (magic[3] == 0 || magic[3] > Shape::max_rank)
        fail(fmt::format("an IDX file must have 1 to {} axes; received {}", Shape::max_rank, magic[3]));
    Shape shape;
    for (int i = 0; i < magic[3]; ++i) {
        std::array<std::uint8_t, 4> axis{};
        if (file.read_some(axis.data(), axis.size()) < axis.size())
            fail(fmt::format("the file is truncated: it ends within its IDX header of {} axes", magic[3]));
        std::int64_t n = 0;
        for (std::uint8_t byte : axis) n = n << 8 | byte;
        shape.push_back(n);
    }
    return shape;
}

}  // namespace

Tensor read_idx(const std::filesystem::path& path, const IdxOptions& options) {
    GzipReader file(path);
    const auto fail = [&](const std::string& what) { throw bad(file, what); };
    const Shape shape = read_header(file);
    if (!options.shape.empty() && !fits(shape, options.shape))
        fail(fmt::format("expected an IDX file of shape {}; its header says {}", str(options.shape), str(shape)));

    std::int64_t elements = 1;
    bool overflow = false;
    for (std::int64_t n : shape) overflow = overflow || __builtin_mul_overflow(elements, n, &elements);
    if (overflow || elements > options.max_bytes)
        fail(fmt::format("its header says {}, more than the {} bytes allowed here", str(shape), options.max_bytes));
    const std::uint64_t whole = file.position() + static_cast<std::uint64_t>(elements);
    const std::uint64_t most = file.most_bytes();
    if (whole > most)
        fail(fmt::format("the file is truncated: an IDX file of shape {} takes {} bytes; this one holds {}{}",
                         str(shape), whole, file.packed() ? "at most " : "", most));

    Array bytes(shape, uint8);
    file.read(bytes.data<std::uint8_t>(), static_cast<std::size_t>(elements));
    if (!file.at_end())
        fail(fmt::format("the file is too long: an IDX file of shape {} takes {} bytes; this one holds more",
                         str(shape), whole));
    return Tensor(std::move(bytes));
}

}  // namespace weft::data
