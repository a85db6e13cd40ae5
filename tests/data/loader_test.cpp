// The loader: which samples come, in which order, and that threads change nothing.
#include "../catch.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/memory.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/data/loader.hpp>

#include <algorithm>
#include <cstring>
#include <numeric>

using Catch::Contains;
using weft::Shape;
using weft::Tensor;
using weft::Tensors;
using namespace weft::data;

namespace {

// Sample i of x is [i, i + 0.5, ...] and of y is i.
Tensors samples(std::int64_t n, std::int64_t width = 3) {
    weft::Array x({n, width, 1}, weft::float32);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < width; ++j)
            x.data<float>()[i * width + j] = static_cast<float>(i) + static_cast<float>(j) / 2;
    return {Tensor(x), weft::arange(n)};
}

// The samples' numbers in the order they come in, once each batch is seen to be whole.
std::vector<std::int64_t> order(Loader& loader, std::int64_t epoch) {
    std::vector<std::int64_t> order;
    for (const Tensors& batch : loader.epoch(epoch)) {
        REQUIRE(batch.size() == 2);
        const auto x = batch[0].values<float>();
        const auto y = batch[1].values<std::int64_t>();
        const std::size_t width = y.empty() ? 0 : x.size() / y.size();
        REQUIRE(batch[0].shape(0) == batch[1].shape(0));
        for (std::size_t i = 0; i < y.size(); ++i) {
            for (std::size_t j = 0; j < width; ++j)
                REQUIRE(x[i * width + j] == static_cast<float>(y[i]) + static_cast<float>(j) / 2);
            order.push_back(y[i]);
        }
    }
    return order;
}

std::vector<std::int64_t> counting(std::int64_t n) {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(n));
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
}

std::vector<std::int64_t> sorted(std::vector<std::int64_t> numbers) {
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

std::vector<std::int64_t> sizes(Loader& loader) {
    std::vector<std::int64_t> sizes;
    for (const Tensors& batch : loader.epoch(0)) sizes.push_back(batch[0].shape(0));
    return sizes;
}

}  // namespace

TEST_CASE("data: a loader gives every sample exactly once an epoch", "[data_loader]") {
    for (const std::int64_t n : {1, 31, 32, 33, 64, 1000})
        for (const bool shuffle : {false, true})
            for (const int workers : {0, 1, 3}) {
                CAPTURE(n, shuffle, workers);
                Loader loader(samples(n), {.shuffle = shuffle, .workers = workers});
                CHECK(loader.samples() == n);
                CHECK(loader.batches() == (n + 31) / 32);
                for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
                    const auto seen = order(loader, epoch);
                    CHECK((shuffle ? sorted(seen) : seen) == counting(n));
                }
            }
}

TEST_CASE("data: the order of samples is the seed's and the epoch's alone", "[data_loader]") {
    Loader one(samples(500), {.shuffle = true, .seed = 7});
    const auto first = order(one, 0), second = order(one, 1);
    CHECK(first != counting(500));
    CHECK(first != second);
    CHECK(order(one, 0) == first);  // whatever came between
    struct Way {
        std::int64_t batch_size;
        int prefetch, workers;
    };
    for (const Way way : {Way{32, 0, 1}, Way{32, 2, 0}, Way{32, 9, 4}, Way{1, 3, 2}, Way{7, 2, 1}}) {
        CAPTURE(way.batch_size, way.prefetch, way.workers);
        Loader other(samples(500), {.batch_size = way.batch_size, .shuffle = true, .seed = 7, .prefetch = way.prefetch,
                                    .workers = way.workers});
        CHECK(order(other, 0) == first);
        CHECK(order(other, 1) == second);
    }
    Loader other_seed(samples(500), {.shuffle = true, .seed = 8});
    CHECK(order(other_seed, 0) != first);
}

TEST_CASE("data: the last batch is smaller, or left out", "[data_loader]") {
    using Sizes = std::vector<std::int64_t>;
    for (const bool shuffle : {false, true}) {
        Loader kept(samples(10), {.batch_size = 4, .shuffle = shuffle});
        Loader dropped(samples(10), {.batch_size = 4, .shuffle = shuffle, .drop_last = true});
        CHECK(sizes(kept) == Sizes{4, 4, 2});
        CHECK(kept.batches() == 3);
        CHECK(sizes(dropped) == Sizes{4, 4});
        CHECK(dropped.batches() == 2);
        Loader whole(samples(8), {.batch_size = 4, .shuffle = shuffle, .drop_last = true});
        CHECK(sizes(whole) == Sizes{4, 4});
        Loader none(samples(3), {.batch_size = 4, .shuffle = shuffle, .drop_last = true});
        CHECK(sizes(none) == Sizes{});
        Loader huge(samples(3), {.batch_size = INT64_MAX, .shuffle = shuffle});
        CHECK(sizes(huge) == Sizes{3});
    }
}

TEST_CASE("data: batches that are not shuffled are views, shuffled ones are copies", "[data_loader]") {
    const Tensors data = samples(100);
    Loader plain(data), shuffled(data, {.shuffle = true});
    for (const Tensors& batch : plain.epoch(0)) CHECK(batch[0].data().shares_buffer(data[0].data()));
    Tensors kept;
    for (const Tensors& batch : shuffled.epoch(0)) {
        CHECK_FALSE(batch[0].data().shares_buffer(data[0].data()));
        for (const Tensor& before : kept) CHECK_FALSE(batch[1].data().shares_buffer(before.data()));
        kept.push_back(batch[1]);  // what a caller keeps is not written to again
    }
    std::vector<std::int64_t> seen;
    for (const Tensor& y : kept)
        for (std::int64_t sample : y.values<std::int64_t>()) seen.push_back(sample);
    CHECK(seen == order(shuffled, 0));
}

TEST_CASE("data: any element type and any rank is gathered bit by bit", "[data_loader]") {
    const std::int64_t n = 300;
    weft::Array bytes({n, 5}, weft::uint8), flags({n}, weft::boolean);
    weft::Array wide({n, 70, 70}, weft::float64), none({n, 0, 2}, weft::float32);
    for (std::int64_t i = 0; i < 5 * n; ++i) bytes.data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i * 7);
    for (std::int64_t i = 0; i < n; ++i) flags.data<bool>()[i] = i % 3 == 0;
    for (std::int64_t i = 0; i < wide.elements(); ++i) wide.data<double>()[i] = static_cast<double>(i);
    const Tensors data{weft::arange(n), Tensor(bytes), Tensor(flags), Tensor(wide), Tensor(none)};
    Loader loader(data, {.batch_size = 256, .shuffle = true});
    for (const Tensors& batch : loader.epoch(0))
        for (std::int64_t i = 0; i < batch[0].shape(0); ++i) {
            const std::int64_t sample = batch[0].item<std::int64_t>(i);
            for (std::size_t t = 1; t < data.size(); ++t) {
                const weft::Array row = batch[t].data().rows(i, i + 1);
                const weft::Array source = data[t].data().rows(sample, sample + 1);
                REQUIRE(row.dtype() == source.dtype());
                REQUIRE(row.shape() == source.shape());
                REQUIRE(std::memcmp(row.data<std::byte>(), source.data<std::byte>(), row.bytes()) == 0);
            }
        }
}

TEST_CASE("data: no samples, no batches", "[data_loader]") {
    for (const bool shuffle : {false, true}) {
        Loader loader(samples(0), {.shuffle = shuffle});
        CHECK(loader.samples() == 0);
        CHECK(loader.batches() == 0);
        CHECK(order(loader, 0).empty());
    }
}

TEST_CASE("data: an epoch can be left, begun again, and outlived by a moved loader", "[data_loader]") {
    Loader loader(samples(1000), {.batch_size = 10, .shuffle = true, .prefetch = 4, .workers = 2});
    const auto all = order(loader, 3);
    for (int taken = 0; taken < 5; ++taken) {
        loader.begin_epoch(2);
        Tensors batch;
        for (int i = 0; i < taken; ++i) REQUIRE(loader.next(batch));
        CHECK(order(loader, 3) == all);
    }
    loader.begin_epoch(3);
    Tensors batch;
    REQUIRE(loader.next(batch));
    Loader moved = std::move(loader);
    REQUIRE(moved.next(batch));
    CHECK(batch[1].item<std::int64_t>(0) == all[10]);
    for (int i = 0; i < 50; ++i) {
        Loader left(samples(1000), {.batch_size = 1, .shuffle = true, .prefetch = 8, .workers = 3});
        left.begin_epoch(0);
        if (i % 2) left.next(batch);
    }
}

TEST_CASE("data: batches are no part of the tape", "[data_loader]") {
    Tensor x = weft::ones({4, 2});
    x.set_requires_grad();
    for (const bool shuffle : {false, true}) {
        Loader loader({x}, {.shuffle = shuffle});
        for (const Tensors& batch : loader.epoch(0)) CHECK_FALSE(batch[0].requires_grad());
    }
}

TEST_CASE("data: a loader refuses what it cannot load", "[data_loader]") {
    CHECK_THROWS_AS(Loader({}), weft::ValueError);
    CHECK_THROWS_WITH(Loader({weft::zeros({3, 2}), weft::zeros({4})}),
                      Contains("tensor 0 is float32 [3, 2], tensor 1 is float32 [4]"));
    CHECK_THROWS_AS(Loader({weft::zeros({3, 2}), weft::zeros({4})}), weft::ShapeError);
    CHECK_THROWS_WITH(Loader({weft::zeros({})}), Contains("axis of samples; tensor 0 is float32 []"));
    CHECK_THROWS_WITH(Loader({weft::zeros({2}), Tensor()}), Contains("tensor 1 is an undefined tensor"));
    CHECK_THROWS_WITH(Loader(samples(3), {.batch_size = 0}), Contains("batch_size must be at least 1; received 0"));
    CHECK_THROWS_WITH(Loader(samples(3), {.prefetch = -1}), Contains("prefetch must be at least 0; received -1"));
    CHECK_THROWS_WITH(Loader(samples(3), {.workers = -1}), Contains("workers must be at least 0; received -1"));
    Loader loader(samples(3));
    Tensors batch;
    CHECK_THROWS_WITH(loader.next(batch), Contains("begin_epoch"));
    CHECK_THROWS_WITH(loader.begin_epoch(-1), Contains("received -1"));
}

TEST_CASE("data: a user's own source is used as a loader is", "[data_loader]") {
    class Squares : public Source {
    public:
        void begin_epoch(std::int64_t epoch) override {
            epoch_ = epoch;
            next_ = 0;
        }
        bool next(Tensors& batch) override {
            if (next_ == 3) return false;
            batch = {Tensor(epoch_), Tensor(next_ * next_)};
            ++next_;
            return true;
        }

    private:
        std::int64_t epoch_ = 0, next_ = 0;
    };
    Squares squares;
    Source& source = squares;
    CHECK(source.samples() == weft::None);
    CHECK(source.batches() == weft::None);
    std::vector<std::int64_t> seen;
    for (const Tensors& batch : source.epoch(5)) {
        CHECK(batch[0].item<std::int64_t>() == 5);
        seen.push_back(batch[1].item<std::int64_t>());
    }
    CHECK(seen == std::vector<std::int64_t>{0, 1, 4});
}
