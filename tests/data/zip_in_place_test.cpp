// Entries where they lie: what write_zip_in_place writes, other readers read; and the other way.
#include "../catch.hpp"
#include "../temporary_folder.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/data/hdf5_part.hpp>
#include <weft/data/zip_in_place.hpp>

#include <filesystem>
#include <fstream>

using namespace weft;
using weft::testing::TemporaryFolder;

namespace {

void fill(const std::string& temporary) {
    data::fill_hdf5(
        temporary, [](const data::Hdf5Object& root) { root.write("group/x", arange(0, 1000)); }, data::in_place_begin);
}

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

void change_byte(const std::string& path, std::uint64_t at) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(at));
    const int old = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(old ^ 1));
}

}  // namespace

TEST_CASE("zip: a file written in place is an entry like any other", "[data_io]") {
    if (!data::can_zip()) {
        WARN("skipped: built without libzip");
        return;
    }
    const TemporaryFolder folder;
    const std::string path = (folder / "a.keras").string(), unpacked = (folder / "x.h5").string();
    data::write_zip_in_place(path, "x.h5", fill, {{"config.json", "{}"}, {"empty", ""}});
    const data::ZipReader archive(path);
    CHECK(archive.names() == std::vector<std::string>{"x.h5", "config.json", "empty"});
    CHECK(archive.open("config.json").read() == "{}");
    data::ZipEntry entry = archive.open("x.h5");
    const std::uint64_t bytes = entry.bytes();
    std::ofstream(unpacked, std::ios::binary) << entry.read();
    CHECK(data::open_hdf5(unpacked).read("group/x").item<double>(999) == 999);
    REQUIRE(data::find_stored(path, "x.h5", entry) == data::in_place_begin);
    CHECK(data::open_hdf5_part(path, data::in_place_begin, bytes, "label").read("group/x").item<double>(998) == 998);
    CHECK_FALSE(data::find_stored(path, "x.h5", archive.open("config.json")));
    CHECK_FALSE(data::find_stored(path, "y.h5", entry));
    change_byte(path, data::in_place_begin + bytes / 2);
    CHECK_FALSE(data::find_stored(path, "x.h5", entry));
}

TEST_CASE("zip: a stored file is found behind others; a packed one is not, and what is no HDF5 is refused",
          "[data_io]") {
    if (!data::can_zip()) {
        WARN("skipped: built without libzip");
        return;
    }
    const TemporaryFolder folder;
    const std::string inner = (folder / "inner.h5").string(), path = (folder / "a.zip").string();
    data::write_hdf5(inner, [](const data::Hdf5Object& root) { root.write("x", arange(0, 100)); });
    std::ifstream in(inner, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}}, text = "some text";
    data::write_zip(path, {{"a.txt", {bytes_of(text)}, 9},
                           {"b.txt", {bytes_of(text)}},
                           {"x.h5", {bytes_of(bytes)}},
                           {"y.h5", {bytes_of(bytes)}, 9}});
    const data::ZipReader archive(path);
    const auto begin = data::find_stored(path, "x.h5", archive.open("x.h5"));
    REQUIRE(begin);
    CHECK(data::open_hdf5_part(path, *begin, bytes.size(), "label").read("x").item<double>(99) == 99);
    CHECK_FALSE(data::find_stored(path, "y.h5", archive.open("y.h5")));
    CHECK_FALSE(data::find_stored(inner, "x.h5", archive.open("x.h5")));
    CHECK_THROWS_AS(data::open_hdf5_part(path, *begin + 1, bytes.size() - 1, "label"), FileError);
    CHECK_THROWS_AS(data::open_hdf5_part(path, *begin, bytes.size() / 2, "label"), FileError);
    CHECK_THROWS_AS(data::open_hdf5_part((folder / "none").string(), 0, 100, "label"), FileError);
}
