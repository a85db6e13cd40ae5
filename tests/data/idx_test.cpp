// IDX files, good and bad.
#include "../catch.hpp"
#include "../temporary_folder.hpp"
#include "bytes.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/memory.hpp>
#include <weft/data/idx.hpp>

using Catch::Contains;
using weft::FileError;
using weft::None;
using weft::Shape;
using weft::Tensor;
using weft::data::read_idx;
using weft::testing::gzip;
using weft::testing::idx;
using weft::testing::idx_header;
using weft::testing::TemporaryFolder;

TEST_CASE("data: an IDX file's bytes become a uint8 tensor", "[data_io]") {
    TemporaryFolder folder;
    for (const std::vector<std::uint32_t>& shape : std::vector<std::vector<std::uint32_t>>{
             {1}, {300}, {3, 28, 28}, {2, 1, 3, 4}, {0}, {4, 0, 2}, {1, 2, 1, 2, 1, 2, 1, 2}}) {
        for (const bool packed : {false, true}) {
            CAPTURE(shape, packed);
            const Tensor x = read_idx(folder.write("x", packed ? gzip(idx(shape)) : idx(shape)));
            REQUIRE(x.dtype() == weft::uint8);
            REQUIRE(x.shape() == Shape(std::vector<std::int64_t>(shape.begin(), shape.end())));
            const auto values = x.values<std::uint8_t>();
            for (std::size_t i = 0; i < values.size(); ++i) REQUIRE(values[i] == i % 251);
        }
    }
}

TEST_CASE("data: a shape asked for is the shape required", "[data_io]") {
    TemporaryFolder folder;
    const auto path = folder.write("x", idx({3, 4, 5}));
    CHECK(read_idx(path, {.shape = {None, 4, 5}}).shape() == Shape{3, 4, 5});
    CHECK(read_idx(path, {.shape = {3, None, 5}, .max_bytes = 60}).shape() == Shape{3, 4, 5});
    CHECK_THROWS_WITH(read_idx(path, {.shape = {None, 28, 28}}),
                      Contains("x: expected an IDX file of shape [None, 28, 28]; its header says [3, 4, 5]"));
    CHECK_THROWS_AS(read_idx(path, {.shape = {None, 4}}), FileError);
    CHECK_THROWS_WITH(read_idx(path, {.max_bytes = 59}), Contains("more than the 59 bytes allowed"));
}

TEST_CASE("data: a bad IDX file is named, with what is wrong", "[data_io]") {
    struct Case {
        std::string bytes, message;
    };
    const std::string good = idx({3, 4, 5});
    const std::string absurd = idx_header({0xffffffff, 0xffffffff, 0xffffffff});
    const Case cases[] = {
        {"", "not an IDX file"},
        {std::string(3, '\0'), "the file holds 3"},
        {"PNG!" + good, "must begin with 00 00; received 50 4e"},
        {idx_header({2}, 0x0d) + std::string(8, '\0'), "element type 0x08; received 0x0d"},
        {std::string("\0\0\x08\0", 4), "1 to 8 axes; received 0"},
        {idx_header(std::vector<std::uint32_t>(9, 1)) + "x", "1 to 8 axes; received 9"},
        {good.substr(0, 4), "ends within its IDX header of 3 axes"},
        {good.substr(0, 15), "ends within its IDX header of 3 axes"},
        {good.substr(0, 16), "truncated"},
        {good.substr(0, good.size() - 1), "truncated"},
        {good + "x", "too long"},
        {idx_header({0}) + "x", "too long"},
        {absurd, "more than the"},
        {idx_header({0x40000001}), "more than the"},
        {idx_header({0x3fffffff}), "truncated"},
        {absurd + good, "more than the"},
        {gzip(good).substr(0, 30), "truncated"},
    };
    TemporaryFolder folder;
    for (const Case& c : cases) {
        for (const bool packed : {false, true}) {
            CAPTURE(c.bytes.size(), c.message, packed);
            const auto path = folder.write("bad-idx", packed ? gzip(c.bytes) : c.bytes);
            if (packed && c.bytes.substr(0, 1) == "\x1f") continue;
            CHECK_THROWS_AS(read_idx(path), FileError);
            CHECK_THROWS_WITH(read_idx(path), Contains("bad-idx: ") && Contains(c.message));
        }
    }
    std::string corrupt = gzip(good);
    corrupt[corrupt.size() - 6] = static_cast<char>(corrupt[corrupt.size() - 6] ^ 1);
    CHECK_THROWS_WITH(read_idx(folder.write("x", corrupt)), Contains("corrupt"));
    CHECK_THROWS_WITH(read_idx(folder / "absent"), Contains("absent: there is no such file"));
}

TEST_CASE("data: no memory is taken for what a file cannot hold", "[data_io]") {
    TemporaryFolder folder;
    const auto plain = folder.write("plain", idx_header({1 << 29}));
    const auto packed = folder.write("packed", gzip(idx_header({1 << 29})));
    weft::reset_peak_memory();
    const std::size_t before = weft::memory_use().peak;
    CHECK_THROWS_AS(read_idx(plain), FileError);
    CHECK_THROWS_AS(read_idx(packed), FileError);
    CHECK(weft::memory_use().peak == before);
}
