// Plain HDF5 files, as h5py wrote them and as weft does.
#include "../catch.hpp"
#include "../child.hpp"
#include "../nn/fixture_tensor.hpp"
#include "../temporary_folder.hpp"
#include "array_fixtures.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/random.hpp>
#include <weft/data/hdf5.hpp>
#include <weft/data/hdf5_dataset.hpp>

#include <csignal>
#include <sys/resource.h>

using Catch::Contains;
using namespace weft;
using namespace weft::data;
using weft::testing::array_file;
using weft::testing::Child;
using weft::testing::contents;
using weft::testing::error_of;
using weft::testing::same;
using weft::testing::TemporaryFolder;

namespace {

const std::string arrays = testing::source_path("tests/fixtures/arrays.h5");

}  // namespace

TEST_CASE("hdf5: every element type and layout that h5py wrote, and the list of them", "[data_io]") {
    const auto entries = list_hdf5(arrays);
    CHECK(entries.size() == 30);
    for (const Hdf5Entry& entry : entries) {
        CAPTURE(entry.name);
        const Tensor expected = testing::expected_array(entry.name);
        CHECK(entry.shape == expected.shape());
        CHECK(entry.dtype == expected.dtype());
        CHECK(same(load_hdf5(arrays, entry.name), expected));
    }
}

TEST_CASE("hdf5: some rows of a dataset", "[data_io]") {
    const Tensor all = testing::expected_array("long");
    for (const char* name :
         {"long", "layouts/chunked", "layouts/gzip", "layouts/gzip_shuffle_fletcher32", "layouts/growing"})
        for (const auto& [begin, end] : std::vector<std::pair<std::int64_t, std::int64_t>>{
                 {0, 1000}, {0, 1}, {37, 612}, {999, 1000}, {500, 500}}) {
            CAPTURE(name, begin, end);
            CHECK(same(load_hdf5(arrays, name, {.begin = begin, .end = end}), slice(all, 0, begin, end)));
        }
    CHECK(same(load_hdf5(arrays, "long", {.begin = 990}), slice(all, 0, 990, 1000)));
    CHECK(same(load_hdf5(arrays, "flags", {.begin = 1, .end = 2}), slice(testing::expected_array("flags"), 0, 1, 2)));
    for (const auto& [begin, end] :
         std::vector<std::pair<std::int64_t, std::int64_t>>{{-1, 2}, {3, 2}, {0, 1001}, {2, -5}})
        CHECK_THROWS_AS(load_hdf5(arrays, "long", {.begin = begin, .end = end}), IndexError);
    CHECK_THROWS_AS(load_hdf5(arrays, "scalar", {.begin = 0, .end = 1}), ShapeError);
    CHECK_THROWS_AS(load_hdf5(arrays, "scalar", {.begin = 1}), ShapeError);
}

TEST_CASE("hdf5: tensors come back from any layout", "[data_io]") {
    const TemporaryFolder folder;
    const std::string path = folder / "x.h5";
    std::vector<std::pair<std::string, Tensor>> all;
    for (const DType dtype : {boolean, weft::uint8, int64, float32, float64})
        for (const Shape& shape : {Shape{}, Shape{7}, Shape{2, 0, 3}, Shape{300, 70}})
            all.emplace_back("group/array" + std::to_string(all.size()),
                             random::uniform(shape, -200, 200).to(int64).to(dtype));
    std::size_t plain = 0;
    for (const Hdf5Layout& layout : {Hdf5Layout{}, Hdf5Layout{.chunk_rows = 32},
                                     Hdf5Layout{.chunk_rows = 1000, .compression = 1}, Hdf5Layout{.compression = 9}}) {
        save_hdf5(path, all, layout);
        for (const auto& [name, value] : all) REQUIRE(same(load_hdf5(path, name), value));
        const Hdf5Dataset dataset = open_hdf5(path).dataset("group/array19");
        CHECK(dataset.chunk_rows() == (layout.chunk_rows    ? std::min<std::int64_t>(layout.chunk_rows, 300)
                                       : layout.compression ? 300
                                                            : 0));
        if (!plain) plain = contents(path).size();
        if (layout.compression) CHECK(contents(path).size() < plain / 2);
    }
    CHECK_THROWS_WITH(save_hdf5(path, all, {.chunk_rows = -1}),
                      Contains("chunk_rows must not be negative; received -1"));
    CHECK_THROWS_WITH(save_hdf5(path, all, {.compression = 10}), Contains("between 0 (none) and 9; received 10"));
    CHECK(same(load_hdf5(path, "group/array19"), all[19].second));
}

TEST_CASE("hdf5: what lies elsewhere, is packed otherwise or claims too much is refused by name", "[data_io]") {
    const std::string path = array_file("odd.h5");
    std::vector<std::string> names;
    for (const Hdf5Entry& entry : list_hdf5(path)) names.push_back(entry.name);
    CHECK(names == std::vector<std::string>{"good", "group/also_good", "huge_integer"});
    const auto refused = [&](const std::string& name) { return error_of<FileError>([&] { load_hdf5(path, name); }); };
    for (const char* name : {"soft", "external"})
        CHECK_THAT(refused(name), Contains("a link to elsewhere, which is not followed"));
    for (const char* name : {"virtual", "raw"})
        CHECK_THAT(refused(name), Contains("lie in another file, which is not followed"));
    CHECK_THAT(refused("lzf"), Contains("packed by filter 32000 (lzf)"));
    CHECK_THAT(refused("scaleoffset"), Contains("packed by filter 6"));
    CHECK_THAT(refused("never_written"), Contains("its shape claims 4000000000000 bytes, but the file holds 0"));
    CHECK_THAT(refused("hardly_written"),
               Contains("its shape claims 40000000000 bytes") && Contains("no more than 1032"));
    CHECK_THAT(refused("vast_chunk"), Contains("claims"));
    CHECK_THAT(refused("huge_integer"), Contains("element 1 is 9223372036854775808"));
    CHECK_THAT(refused("nine_axes"), Contains("9 axes"));
    CHECK_THAT(refused("text"), Contains("holds text"));
    for (const char* name : {"complex", "records"}) CHECK_THAT(refused(name), Contains("holds records"));
    CHECK_THAT(refused("references"), Contains("holds references"));
    CHECK_THAT(refused("lists"), Contains("holds lists"));
    CHECK_THAT(refused("enumeration"), Contains("holds an enumeration"));
    CHECK_FALSE(refused("nothing").empty());
    CHECK_THAT(refused("group"), Contains("'group' is no dataset"));
    CHECK_THAT(refused("none"), Contains("there is no 'none' in it"));
    CHECK_FALSE(open_hdf5(path).is_group("external"));
}

TEST_CASE("hdf5: a truncated file is refused", "[data_io]") {
    const TemporaryFolder folder;
    const std::string whole = contents(arrays);
    for (std::size_t bytes = 0; bytes < whole.size(); bytes += 997) {
        const std::string path = folder.write("cut.h5", whole.substr(0, bytes));
        CHECK_FALSE(error_of<FileError>([&] { list_hdf5(path); }).empty());
    }
}

TEST_CASE("hdf5: when the disk is full, the old file stays", "[data_io]") {
    const TemporaryFolder folder;
    const std::string path = folder / "x.h5";
    save_hdf5(path, {{"x", ones({10})}});
    const std::string before = contents(path);
    const Tensor large = ones({1'000'000});
    for (const Hdf5Layout& layout :
         {Hdf5Layout{}, Hdf5Layout{.chunk_rows = 1000}, Hdf5Layout{.chunk_rows = 20, .compression = 1}}) {
        const Child child([&] {
            std::signal(SIGXFSZ, SIG_IGN);
            const rlimit limit{100'000, 100'000};
            ::setrlimit(RLIMIT_FSIZE, &limit);
            return error_of<FileError>([&] { save_hdf5(path, {{"x", large}}, layout); }).find("disk full") ==
                   std::string::npos;
        });
        CHECK(child.wait() == 0);
        CHECK(contents(path) == before);
        CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
    }
}
