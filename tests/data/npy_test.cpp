// NumPy's files, as NumPy wrote them and as weft does.
#include "../catch.hpp"
#include "../nn/fixture_tensor.hpp"
#include "../temporary_folder.hpp"
#include "array_fixtures.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/random.hpp>
#include <weft/data/npy.hpp>
#include <weft/data/zip_archive.hpp>

using Catch::Contains;
using namespace weft;
using namespace weft::data;
using weft::testing::array_file;
using weft::testing::contents;
using weft::testing::error_of;
using weft::testing::same;
using weft::testing::TemporaryFolder;

namespace {

bool without_archives() {
    if (!can_zip()) WARN("skipped: built without libzip");
    return !can_zip();
}

std::string refusal(const std::string& path) {
    return error_of<FileError>([&] { load_npy(path); });
}

// A .npy file of version 1 with this header and so many bytes of elements.
std::string npy(const std::string& header, std::size_t bytes) {
    std::string file = "\x93NUMPY\1";
    file += '\0';
    file += static_cast<char>(header.size() & 0xff);
    file += static_cast<char>(header.size() >> 8);
    return file + header + std::string(bytes, '\1');
}

}  // namespace

TEST_CASE("npy: arrays that NumPy wrote", "[data_io]") {
    CHECK(same(load_npy(array_file("plain.npy")), testing::expected_array("little_f4")));
    CHECK(same(load_npy(array_file("fortran.npy")), testing::expected_array("big_i2")));
}

TEST_CASE("npz: every element type, order and version that NumPy wrote", "[data_io]") {
    if (without_archives()) return;
    for (const char* file : {"stored.npz", "deflated.npz"}) {
        const auto arrays = load_npz(array_file(file));
        CHECK(arrays.size() >= 25);
        for (const auto& [name, value] : arrays) {
            CAPTURE(file, name);
            CHECK(same(value, testing::expected_array(name)));
        }
    }
    const auto versions = load_npz(array_file("versions.npz"));
    REQUIRE(versions.size() == 3);
    for (const auto& [name, value] : versions) CHECK(same(value, testing::expected_array("little_f8")));
    CHECK(versions[2].first == "version3");
    CHECK(same(load_npz(array_file("deflated.npz"), "flags"), testing::expected_array("flags")));
    CHECK_THROWS_WITH(load_npz(array_file("versions.npz"), "x"),
                      Contains("no array 'x' in it; there are: version1, version2, version3"));
}

TEST_CASE("npy: what is written is byte for byte what NumPy writes", "[data_io]") {
    const TemporaryFolder folder;
    const std::string path = folder / "x.npy";
    save_npy(path, testing::expected_array("little_f4"));
    CHECK(contents(path) == contents(array_file("plain.npy")));
}

TEST_CASE("npy: tensors of every type and rank come back", "[data_io]") {
    const TemporaryFolder folder;
    const std::string path = folder / "x.npy", archive = folder / "x.npz";
    std::vector<std::pair<std::string, Tensor>> all;
    for (const DType dtype : {boolean, weft::uint8, int64, float32, float64})
        for (const Shape& shape :
             {Shape{}, Shape{7}, Shape{2, 3}, Shape{2, 0, 3}, Shape{1, 2, 1, 2, 1, 2, 1, 2}, Shape{300, 70}})
            all.emplace_back("array" + std::to_string(all.size()),
                             random::uniform(shape, -200, 200).to(int64).to(dtype));
    for (const auto& [name, value] : all) {
        save_npy(path, value);
        REQUIRE(same(load_npy(path), value));
    }
    if (without_archives()) return;
    for (const int compression : {0, 1, 9}) {
        save_npz(archive, all, {.compression = compression});
        const auto back = load_npz(archive);
        REQUIRE(back.size() == all.size());
        for (std::size_t i = 0; i < all.size(); ++i)
            REQUIRE((back[i].first == all[i].first && same(back[i].second, all[i].second)));
    }
    const std::string once = contents(archive);
    save_npz(archive, all, {.compression = 9});
    CHECK(contents(archive) == once);
}

TEST_CASE("npy: what is no array of numbers is refused by name", "[data_io]") {
    const TemporaryFolder folder;
    CHECK_THAT(refusal(folder / "none.npy"), Contains("none.npy: the file cannot be read"));
    CHECK_THAT(refusal(folder.path()), Contains("cannot be read"));
    CHECK_THAT(refusal(array_file("complex.npy")), Contains("elements of type '<c8' are not supported"));
    CHECK_THAT(refusal(array_file("text.npy")), Contains("elements of type '<U2' are not supported"));
    CHECK_THAT(refusal(array_file("objects.npy")), Contains("elements of type '|O' are not supported"));
    CHECK_THAT(refusal(array_file("records.npy")), Contains("records are not supported"));
    CHECK_THAT(refusal(array_file("huge_integer.npy")), Contains("holds the integer 9223372036854775808"));
    CHECK_THAT(refusal(folder.write("a", "")), Contains("this is no .npy file"));
    CHECK_THAT(refusal(folder.write("a", "a text, longer than the magic")), Contains("this is no .npy file"));
    CHECK_THAT(refusal(folder.write("a", std::string("\x93NUMPY\4\0", 8))), Contains("version 4"));
}

TEST_CASE("npy: truncated, long and hostile files are refused before memory is taken", "[data_io]") {
    const TemporaryFolder folder;
    const std::string whole = contents(array_file("plain.npy"));
    for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
        CAPTURE(bytes);
        CHECK_FALSE(refusal(folder.write("cut", whole.substr(0, bytes))).empty());
    }
    CHECK_THAT(refusal(folder.write("cut", whole.substr(0, whole.size() - 1))),
               Contains("takes 120 bytes; 119 are there"));
    CHECK_THAT(refusal(folder.write("long", whole + "x")), Contains("too long"));

    const auto header = [&](const std::string& text) { return refusal(folder.write("header", npy(text, 8))); };
    CHECK(header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }\n").empty());
    CHECK(header("{\"shape\": (1L, 1L), 'fortran_order':True,'descr':'>f8'}").empty());
    CHECK_THAT(
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (9000000000000000000, 9000000000000000000), }"),
        Contains("more than any file holds"));
    CHECK_THAT(header("{'descr': '<f8', 'fortran_order': False, 'shape': (4000000000000000000,), }"),
               Contains("more than any file holds"));
    CHECK_THAT(header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"),
               Contains("truncated: an array of shape [1000000000000]"));
    CHECK_THAT(header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"), Contains("expected a size"));
    CHECK_THAT(header("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }"),
               Contains("expected a size"));
    CHECK_THAT(header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }"),
               Contains("more than 8 axes"));
    CHECK_THAT(header("{'descr': '<f8', 'fortran_order': False}"), Contains("must each be there once"));
    CHECK_THAT(header("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }"),
               Contains("must each be there once"));
    CHECK_THAT(header("{'descr': '<f8', 'fortran_order': 0, 'shape': (1,), }"), Contains("expected True or False"));
    CHECK_THAT(header("{'descr': '<f8', 'other': False, 'shape': (1,), }"), Contains("an unknown entry 'other'"));
    CHECK_THAT(header("{'descr': '<f8"), Contains("a text without its end"));
    CHECK_THAT(header("__import__('os').system('true')"), Contains("expected '{'"));
    CHECK_THAT(header("{'descr': 'f8', 'fortran_order': False, 'shape': (1,), }"),
               Contains("type 'f8' are not supported"));
    std::string claims_more = npy("", 100);
    claims_more[8] = '\xff';
    CHECK_THAT(refusal(folder.write("header", claims_more)), Contains("ends within its header"));
    std::string endless("\x93NUMPY\2\0\xff\xff\xff\xff", 12);
    CHECK_THAT(refusal(folder.write("header", endless)), Contains("its header claims 4294967295 bytes"));
}

TEST_CASE("npz: damaged and hostile archives are refused", "[data_io]") {
    if (without_archives()) return;
    const TemporaryFolder folder;
    const auto refused = [](const std::string& path) { return error_of<FileError>([&] { load_npz(path); }); };
    for (int i = 0; i < 4; ++i)
        CHECK_THAT(refused(array_file("climbs" + std::to_string(i) + ".npz")), Contains("leads out of it"));
    CHECK_THAT(refused(array_file("packed_otherwise.npz")), Contains("packed by method 14"));
    CHECK_THAT(refused(array_file("bomb.npz")), Contains("truncated: an array of shape [9000, 9000]"));
    CHECK_THAT(refused(array_file("plain.npy")), Contains("this is no zip archive"));
    CHECK_THAT(refused(folder / "none.npz"), Contains("cannot be read"));

    const std::string whole = contents(array_file("versions.npz"));
    for (std::size_t bytes = 0; bytes < whole.size(); bytes += 7) {
        CAPTURE(bytes);
        CHECK_FALSE(refused(folder.write("cut", whole.substr(0, bytes))).empty());
    }
    save_npz(folder / "twice", {{"a1", ones({2})}, {"a2", ones({2})}});
    std::string twice = contents(folder / "twice");
    for (std::size_t at; (at = twice.find("a2.npy")) != std::string::npos;) twice[at + 1] = '1';
    CHECK_THAT(refused(folder.write("twice", twice)), Contains("two entries 'a1.npy'"));
    std::string changed = whole;
    changed[300] = static_cast<char>(changed[300] ^ 1);  // an element
    CHECK_THAT(refused(folder.write("changed", changed)), Contains("checksum"));
    std::string claims = whole;  // the first entry's size in the directory, and in front of it
    const std::size_t directory = claims.find("PK\1\2");
    for (const std::size_t at : {directory + 24, std::size_t{22}}) claims[at + 3] = '\x7f';
    CHECK_THAT(refused(folder.write("claims", claims)), Contains("claims 213"));
    for (const std::size_t at : {directory + 20, std::size_t{18}}) claims[at + 3] = '\x7f';  // and its packed size
    CHECK_THAT(refused(folder.write("claims", claims)), Contains("the file holds 1"));
    for (std::size_t at = 0; at < whole.size(); ++at) {  // whatever comes of it, it is an error or an array
        std::string any = whole;
        any[at] = static_cast<char>(any[at] ^ 0x55);
        refused(folder.write("any", any));
    }
}

TEST_CASE("npz: what cannot be written is refused, and the old file stays", "[data_io]") {
    if (without_archives()) return;
    const TemporaryFolder folder;
    const std::string path = folder.write("x.npz", "old");
    const Tensor x = ones({2});
    CHECK_THROWS_AS(save_npz(path, {}), ValueError);
    CHECK_THROWS_AS(save_npz(path, {{"x", x}, {"x", x}}), ValueError);
    CHECK_THROWS_AS(save_npz(path, {{"../x", x}}), ValueError);
    CHECK_THROWS_AS(save_npz(path, {{"", x}}), ValueError);
    CHECK_THROWS_AS(save_npz(path, {{"x", Tensor()}}), ValueError);
    CHECK_THROWS_WITH(save_npz(path, {{"x", x}}, {.compression = 10}), Contains("between 0 (none) and 9; received 10"));
    CHECK_THROWS_AS(save_npy(folder / "none/x.npy", x), FileError);
    CHECK(contents(path) == "old");
}
