// Batches out of a file: each sample once, in an order of the seed's and the epoch's alone.
#include "../catch.hpp"
#include "../temporary_folder.hpp"
#include "array_fixtures.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/memory.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/data/hdf5.hpp>
#include <weft/data/hdf5_source.hpp>

#include <algorithm>
#include <numeric>

using Catch::Contains;
using namespace weft;
using namespace weft::data;
using weft::testing::same;
using weft::testing::TemporaryFolder;

namespace {

// Sample i of x is [i, i + 0.5], of y is i.
std::string file_of(const TemporaryFolder& folder, std::int64_t n, const Hdf5Layout& layout = {}) {
    const std::string path = folder / "samples.h5";
    const Tensor i = arange(n);
    save_hdf5(path, {{"x", i.to(float32).reshape({n, 1}) + tensor({0, 0.5}, {1, 2})}, {"y", i}}, layout);
    return path;
}

std::vector<std::int64_t> order(Source& source, std::int64_t epoch) {
    std::vector<std::int64_t> order;
    for (const Tensors& batch : source.epoch(epoch)) {
        REQUIRE(batch.size() == 2);
        REQUIRE(batch[0].shape() == Shape{batch[1].shape(0), 2});
        for (std::int64_t i = 0; i < batch[1].shape(0); ++i) {
            const auto sample = batch[1].item<std::int64_t>(i);
            REQUIRE(batch[0].item<float>(2 * i + 1) == static_cast<float>(sample) + 0.5f);
            order.push_back(sample);
        }
    }
    return order;
}

std::vector<std::int64_t> counting(std::int64_t n) {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(n));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
}

}  // namespace

TEST_CASE("data: every sample of a file comes once an epoch, whatever its layout and the groups", "[data_loader]") {
    const TemporaryFolder folder;
    for (const std::int64_t n : {0, 1, 5, 100, 257})
        for (const Hdf5Layout& layout :
             {Hdf5Layout{}, Hdf5Layout{.chunk_rows = 7}, Hdf5Layout{.chunk_rows = 64, .compression = 1}}) {
            const std::string path = file_of(folder, n, layout);
            for (const std::int64_t group : {0, 1, 10, 64, 100, 1000})
                for (const bool shuffle : {false, true}) {
                    CAPTURE(n, layout.chunk_rows, group, shuffle);
                    Hdf5Source source(path, {"x", "y"}, {.batch_size = 16, .shuffle = shuffle, .group_samples = group});
                    CHECK(source.samples() == n);
                    CHECK(source.batches() == (n + 15) / 16);
                    auto seen = order(source, 0);
                    if (shuffle && n > 50) CHECK(seen != counting(n));
                    if (shuffle) std::sort(seen.begin(), seen.end());
                    CHECK(seen == counting(n));
                }
        }
}

TEST_CASE("data: the order of a file's samples is the seed's and the epoch's alone", "[data_loader]") {
    const TemporaryFolder folder;
    const std::string path = file_of(folder, 500, {.chunk_rows = 10});
    const Hdf5SourceOptions options{.shuffle = true, .seed = 7, .group_samples = 120};
    Hdf5Source one(path, {"x", "y"}, options);
    const auto first = order(one, 0), second = order(one, 1);
    CHECK(first != second);
    CHECK(order(one, 0) == first);
    for (const std::int64_t batch_size : {1, 33, 500})
        for (const int prefetch : {0, 1, 3}) {
            Hdf5SourceOptions other = options;
            other.batch_size = batch_size;
            other.prefetch = prefetch;
            Hdf5Source source(path, {"x", "y"}, other);
            CHECK(order(source, 0) == first);
            CHECK(order(source, 1) == second);
        }
    Hdf5SourceOptions other_seed = options;
    other_seed.seed = 8;
    Hdf5Source other(path, {"x", "y"}, other_seed);
    CHECK(order(other, 0) != first);
}

TEST_CASE("data: samples from all over a file come together", "[data_loader]") {
    const TemporaryFolder folder;
    const std::int64_t n = 20000;
    const std::string path = folder / "samples.h5";
    save_hdf5(path, {{"x", zeros({n, 100})}, {"y", arange(n)}}, {.chunk_rows = 100});
    Hdf5Source source(path, {"x", "y"}, {.batch_size = 1000, .shuffle = true, .group_samples = 8000});
    for (const Tensors& batch : source.epoch(0)) {
        std::vector<int> tenths(10);
        for (const std::int64_t sample : batch[1].values<std::int64_t>())
            ++tenths[static_cast<std::size_t>(sample * 10 / n)];
        CHECK(std::count(tenths.begin(), tenths.end(), 0) <= 3);
    }
}

TEST_CASE("data: the last batch of a file is smaller, or left out, and an epoch can be left", "[data_loader]") {
    const TemporaryFolder folder;
    const std::string path = file_of(folder, 10);
    Hdf5Source kept(path, {"x", "y"}, {.batch_size = 4, .group_samples = 3}),
        dropped(path, {"x", "y"}, {.batch_size = 4, .drop_last = true, .group_samples = 3});
    CHECK(order(kept, 0).size() == 10);
    CHECK(dropped.batches() == 2);
    CHECK(order(dropped, 0).size() == 8);
    const auto all = order(kept, 1);
    Tensors batch;
    kept.begin_epoch(0);
    REQUIRE(kept.next(batch));
    Hdf5Source moved = std::move(kept);
    REQUIRE(moved.next(batch));
    CHECK(batch[1].item<std::int64_t>(0) == 4);
    CHECK(order(moved, 1) == all);
    CHECK_FALSE(moved.next(batch));
    CHECK(batch[1].item<std::int64_t>(0) == 4);  // as it was
}

TEST_CASE("data: a file larger than the memory it may take is streamed", "[data_loader]") {
    const TemporaryFolder folder;
    const std::string path = folder / "large.h5";
    const std::int64_t n = 20000;
    save_hdf5(path, {{"x", zeros({n, 784})}}, {.chunk_rows = 100, .compression = 1});  // 63 MB
    release_memory();
    reset_peak_memory();
    const std::size_t before = memory_use().in_use;
    Hdf5Source source(path, {"x"}, {.shuffle = true, .group_samples = 500});
    std::int64_t seen = 0;
    for (const Tensors& batch : source.epoch(0)) seen += batch[0].shape(0);
    CHECK(seen == n);
    CHECK(memory_use().peak - before < 8u << 20);
}

TEST_CASE("data: a file that cannot be streamed is refused", "[data_loader]") {
    const TemporaryFolder folder;
    const std::string path = folder / "samples.h5";
    save_hdf5(path, {{"x", zeros({3, 2})}, {"y", zeros({4})}, {"scalar", ones({})}});
    CHECK_THROWS_WITH(Hdf5Source(path), Contains("/x is [3, 2]") && Contains("/y is [4]"));
    CHECK_THROWS_AS(Hdf5Source(path, {"scalar"}), ShapeError);
    CHECK_THROWS_AS(Hdf5Source(path, {}), ValueError);
    CHECK_THROWS_WITH(Hdf5Source(path, {"z"}), Contains("there is no 'z' in it"));
    CHECK_THROWS_AS(Hdf5Source(folder / "none.h5"), FileError);
    CHECK_THROWS_WITH(Hdf5Source(path, {"x"}, {.batch_size = 0}),
                      Contains("batch_size must be at least 1; received 0"));
    CHECK_THROWS_WITH(Hdf5Source(path, {"x"}, {.prefetch = -1}), Contains("prefetch must be at least 0"));
    CHECK_THROWS_WITH(Hdf5Source(path, {"x"}, {.group_samples = -1}), Contains("group_samples must be at least 0"));
    Hdf5Source source(path, {"x"});
    Tensors batch;
    CHECK_THROWS_WITH(source.next(batch), Contains("begin_epoch"));
    CHECK_THROWS_AS(source.begin_epoch(-1), ValueError);
}

TEST_CASE("data: a chunk that is damaged is an error in its batch's place", "[data_loader]") {
    const TemporaryFolder folder;
    const std::string path = folder / "samples.h5";
    save_hdf5(path, {{"x", arange(40000).reshape({4000, 10})}}, {.chunk_rows = 100, .compression = 9});
    std::string bytes = testing::contents(path);
    for (std::size_t i = bytes.size() * 3 / 4; i < bytes.size() * 3 / 4 + 4000 && i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(bytes[i] ^ 0x5a);
    folder.write("samples.h5", bytes);
    Hdf5Source source(path, {"x"}, {.batch_size = 100, .group_samples = 100});
    source.begin_epoch(0);
    Tensors batch;
    int read = 0;
    try {
        while (source.next(batch)) ++read;
        FAIL("the damage was not noticed");
    } catch (const FileError& error) {
        CHECK_THAT(error.what(), Contains("samples.h5, /x: reading failed"));
    }
    CHECK(read > 5);
    CHECK_THROWS_AS(source.next(batch), FileError);
}
