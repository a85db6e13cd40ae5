// Reading files, packed or not: what is read, and what damaged files are answered with.
#include "../catch.hpp"
#include "../temporary_folder.hpp"
#include "bytes.hpp"

#include <weft/autograd/error.hpp>
#include <weft/data/gzip.hpp>

using Catch::Contains;
using weft::FileError;
using weft::data::GzipReader;
using weft::data::read_file;
using weft::testing::gzip;
using weft::testing::TemporaryFolder;

namespace {

std::string text(const std::filesystem::path& path, std::size_t most = 1 << 20) {
    const std::vector<std::uint8_t> bytes = read_file(path, most);
    return {bytes.begin(), bytes.end()};
}

// Long and hard to pack: several of zlib's buffers, packed too.
std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint32_t state = 1;
    for (char& byte : bytes) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return bytes;
}

}  // namespace

TEST_CASE("data: files are read whole, packed or not, whatever they are called", "[data_io]") {
    TemporaryFolder folder;
    for (const std::string& bytes : {std::string(), std::string("a"), std::string("\x1f"), noise(300'000)}) {
        CHECK(text(folder.write("plain.gz", bytes)) == bytes);
        CHECK(text(folder.write("packed", gzip(bytes))) == bytes);
    }
    CHECK(text(folder.write("members", gzip("one") + gzip(" two"))) == "one two");
}

TEST_CASE("data: a file is read no further than the caller expects", "[data_io]") {
    TemporaryFolder folder;
    CHECK(text(folder.write("file", "abc"), 3) == "abc");
    CHECK(text(folder.write("file", gzip("abc")), 3) == "abc");
    CHECK_THROWS_WITH(text(folder / "file", 2), Contains("file: holds more than the 2 bytes expected, unpacked"));
    CHECK_THROWS_AS(text(folder.write("bomb", gzip(std::string(10'000'000, 'x'))), 1000), FileError);
    CHECK_THROWS_WITH(text(folder.write("plain", "abc"), 0), Contains("more than the 0 bytes"));
}

TEST_CASE("data: a damaged gzip file is told from a good one", "[data_io]") {
    TemporaryFolder folder;
    const std::string good = gzip(noise(300'000));
    SECTION("truncated anywhere") {
        for (std::size_t size :
             {std::size_t{2}, std::size_t{5}, std::size_t{11}, good.size() / 2, good.size() - 8, good.size() - 1}) {
            CAPTURE(size);
            CHECK_THROWS_WITH(text(folder.write("cut", good.substr(0, size))),
                              Contains("cut: ") && Contains("truncated"));
        }
    }
    SECTION("a byte changed, in the data or in their checksum or length") {
        for (std::size_t at : {std::size_t{2}, good.size() / 2, good.size() - 8, good.size() - 1}) {
            CAPTURE(at);
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ 0x10);
            CHECK_THROWS_WITH(text(folder.write("bad", bad)), Contains("bad: ") && Contains("corrupt"));
        }
    }
    SECTION("the checksum is looked at when exactly the bytes are read that there are") {
        std::string bad = gzip("abc");
        bad[bad.size() - 8] = static_cast<char>(bad[bad.size() - 8] ^ 1);
        CHECK_THROWS_WITH(text(folder.write("bad", bad), 3), Contains("corrupt"));
    }
}

TEST_CASE("data: reading asks for exactly so many bytes, or says how many there were", "[data_io]") {
    TemporaryFolder folder;
    GzipReader file(folder.write("file", gzip("abcdef")));
    char bytes[8] = {};
    file.read(bytes, 4);
    CHECK(std::string(bytes) == "abcd");
    CHECK_FALSE(file.at_end());
    CHECK(file.position() == 4);
    CHECK_THROWS_WITH(file.read(bytes, 3),
                      Contains("file: ") && Contains("expected 3 bytes from byte 4 on; received 2"));
    CHECK(file.at_end());
}

TEST_CASE("data: what cannot be opened is named", "[data_io]") {
    TemporaryFolder folder;
    CHECK_THROWS_WITH(text(folder / "absent"), Contains("absent: there is no such file"));
    CHECK_THROWS_WITH(text(folder.path()), Contains("is not a regular file"));
    CHECK_THROWS_AS(text(folder / "absent"), FileError);
}
