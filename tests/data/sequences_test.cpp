// Sequences as batches: padding, windows, buckets.
#include "../catch.hpp"
#include "../fixture.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/memory.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/data/bucket_loader.hpp>
#include <weft/data/loader.hpp>
#include <weft/data/pad_sequences.hpp>
#include <weft/data/windows.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

using Catch::Contains;
using weft::None;
using weft::Shape;
using weft::ShapeError;
using weft::Tensor;
using weft::Tensors;
using weft::ValueError;
using namespace weft::data;

namespace {

using Json = nlohmann::json;
using weft::testing::Values;

Tensor to_tensor(const Values& values) { return weft::tensor(values.data, Shape(values.shape), weft::float64); }

bool equal(const Tensor& a, const Tensor& b) {
    if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
    for (std::int64_t i = 0; i < a.elements(); ++i)
        if (a.item<double>(i) != b.item<double>(i)) return false;
    return true;
}

Tensor whole(const std::vector<double>& values, const Shape& shape) { return weft::tensor(values, shape, weft::int64); }

std::vector<std::int64_t> numbers_of(const Tensor& x) {
    const auto values = x.values<std::int64_t>();
    return {values.begin(), values.end()};
}

// A sequence of n steps, each holding `value`.
Tensor sequence(std::int64_t n, double value) { return weft::full({n}, value, weft::int64); }

}  // namespace

TEST_CASE("data: sequences are padded and cut as Keras does it", "[data_sequences]") {
    const weft::testing::Fixture fixture("sequences");
    for (const std::string& name : fixture.names("pad")) {
        CAPTURE(name);
        const Json arguments = Json::parse(fixture.text("pad/" + name, "arguments"));
        Tensors sequences;
        for (const Values& values : fixture.list("pad/" + name + "/sequences")) sequences.push_back(to_tensor(values));
        const Tensor padded = pad_sequences(sequences, {.maxlen = arguments.value("maxlen", None),
                                                        .padding = arguments.value("padding", "pre"),
                                                        .truncating = arguments.value("truncating", "pre"),
                                                        .value = arguments.value("value", 0.0)});
        CHECK(equal(padded, to_tensor(fixture.values("pad/" + name + "/result"))));
    }
    const std::vector<std::vector<std::int64_t>> numbers{{1, 2, 3}, {}, {4}};
    CHECK(equal(pad_sequences(numbers), whole({1, 2, 3, 0, 0, 0, 0, 0, 4}, {3, 3})));
    CHECK(pad_sequences(numbers, {.maxlen = 0}).shape() == Shape{3, 0});
    const std::vector<std::vector<std::int64_t>> empty{{}, {}};
    CHECK(pad_sequences(empty).shape() == Shape{2, 0});
    CHECK(equal(pad_sequences(empty, {.maxlen = 1, .value = 7}), whole({7, 7}, {2, 1})));
}

TEST_CASE("data: sequences that make no tensor are refused", "[data_sequences]") {
    const Tensors good{weft::zeros({3, 2}), weft::zeros({0, 5}), weft::zeros({1, 2})};
    CHECK(pad_sequences(good).shape() == Shape{3, 3, 2});
    CHECK_THROWS_WITH(pad_sequences(Tensors{}), Contains("at least one sequence; received none"));
    CHECK_THROWS_AS(pad_sequences({good[0], weft::zeros({4, 3})}), ShapeError);
    CHECK_THROWS_WITH(pad_sequences({good[0], weft::zeros({4, 3})}),
                      Contains("sequence 0 is float32 [3, 2], sequence 1 is float32 [4, 3]"));
    CHECK_THROWS_WITH(pad_sequences({good[0], Tensor(1.0)}), Contains("first axis of steps; sequence 1 is float"));
    CHECK_THROWS_WITH(pad_sequences({good[0], Tensor()}), Contains("sequence 1 is an undefined tensor"));
    CHECK_THROWS_AS(pad_sequences({good[0], weft::zeros({1, 2}, weft::float64)}), weft::DTypeError);
    CHECK_THROWS_WITH(pad_sequences(good, {.maxlen = -2}), Contains("received -2"));
    CHECK_THROWS_WITH(pad_sequences(good, {.padding = "left"}),
                      Contains("padding must be \"pre\" or \"post\"; received \"left\""));
    CHECK_THROWS_WITH(pad_sequences(good, {.truncating = ""}), Contains("truncating must be"));
}

TEST_CASE("data: windows of a series are Keras's", "[data_sequences]") {
    const weft::testing::Fixture fixture("sequences");
    for (const std::string& name : fixture.names("timeseries")) {
        CAPTURE(name);
        const std::string path = "timeseries/" + name + "/";
        const Json arguments = Json::parse(fixture.text("timeseries/" + name, "arguments"));
        const Tensor data = to_tensor(fixture.values(path + "data"));
        const Tensor targets = fixture.has(path + "targets") ? to_tensor(fixture.values(path + "targets")) : Tensor();
        const Samples samples = timeseries_windows(data, targets, arguments["sequence_length"],
                                                   {.sequence_stride = arguments.value("sequence_stride", 1),
                                                    .sampling_rate = arguments.value("sampling_rate", 1),
                                                    .start_index = arguments.value("start_index", 0),
                                                    .end_index = arguments.value("end_index", None)});
        const Tensors all = gather_all(samples);
        REQUIRE(all.size() == (targets.defined() ? 2 : 1));
        CHECK(equal(all[0], to_tensor(fixture.values(path + "x"))));
        if (targets.defined()) CHECK(equal(all[1], to_tensor(fixture.values(path + "y"))));
    }
}

TEST_CASE("data: windows that do not fit a series are refused", "[data_sequences]") {
    const Tensor data = weft::zeros({10, 1}), targets = weft::zeros({7});
    CHECK(timeseries_windows(data, targets, 10).count == 1);
    CHECK(timeseries_windows(data, {}, 4, {.sampling_rate = 3}).count == 1);
    CHECK_THROWS_AS(timeseries_windows(data, {}, 11), ShapeError);
    CHECK_THROWS_WITH(timeseries_windows(data, {}, 11),
                      Contains("steps 0..10 of the data, float32 [10, 1], hold no window of 11 steps"));
    CHECK_THROWS_WITH(timeseries_windows(data, {}, 5, {.sampling_rate = 3}), Contains("each 3 after the one before"));
    CHECK_THROWS_AS(timeseries_windows(data, {}, INT64_MAX, {.sampling_rate = INT64_MAX}), ShapeError);
    CHECK_THROWS_WITH(timeseries_windows(data, targets, 2, {.start_index = 7}),
                      Contains("begins at step 7, for which there is no target"));
    CHECK_THROWS_WITH(timeseries_windows(data, weft::zeros({0}), 2),
                      Contains("there is no target; received targets float32 [0]"));
    CHECK_THROWS_WITH(timeseries_windows(data, {}, 2, {.start_index = 10}), Contains("received 10 and 10"));
    CHECK_THROWS_WITH(timeseries_windows(data, {}, 2, {.start_index = -1}), Contains("received -1 and 10"));
    CHECK_THROWS_WITH(timeseries_windows(data, {}, 2, {.end_index = 11}), Contains("received 0 and 11"));
    CHECK_THROWS_WITH(timeseries_windows(data, {}, 0), Contains("sequence_length must be at least 1; received 0"));
    CHECK_THROWS_WITH(timeseries_windows(data, {}, 1, {.sequence_stride = 0}),
                      Contains("sequence_stride must be at least 1"));
    CHECK_THROWS_WITH(timeseries_windows(data, {}, 1, {.sampling_rate = 0}),
                      Contains("sampling_rate must be at least 1"));
    CHECK_THROWS_WITH(timeseries_windows(Tensor(), {}, 1), Contains("an undefined tensor"));
    CHECK_THROWS_WITH(timeseries_windows(Tensor(1.0), {}, 1), Contains("first axis of steps"));
    CHECK_THROWS_AS(timeseries_windows(weft::zeros({0}), {}, 1), ValueError);
}

TEST_CASE("data: windows of a corpus come with the tokens that follow", "[data_sequences]") {
    const Tensor corpus = weft::arange(12);
    Tensors all = gather_all(token_windows(corpus, 4));
    CHECK(equal(all[0], whole({0, 1, 2, 3, 4, 5, 6, 7}, {2, 4})));
    CHECK(equal(all[1], whole({1, 2, 3, 4, 5, 6, 7, 8}, {2, 4})));
    all = gather_all(token_windows(corpus, 4, {.stride = 3}));
    CHECK(equal(all[0], whole({0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9}, {3, 4})));
    CHECK(equal(all[1], whole({1, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 10}, {3, 4})));
    all = gather_all(token_windows(corpus, 11));
    CHECK(equal(all[0], slice(corpus, 0, 0, 11).reshape({1, 11})));
    CHECK(equal(all[1], slice(corpus, 0, 1, 12).reshape({1, 11})));
    CHECK(gather_all(token_windows(weft::zeros({6, 3}), 2))[0].shape() == Shape{2, 2, 3});
}

TEST_CASE("data: with lanes each row of a batch goes on where it ended", "[data_sequences]") {
    for (const std::int64_t lanes : {1, 2, 3, 8}) {
        CAPTURE(lanes);
        const std::int64_t n = 101, length = 4;
        Loader loader(token_windows(weft::arange(n), length, {.lanes = lanes}), {.batch_size = lanes});
        Tensor before;
        std::set<std::int64_t> targets;
        for (const Tensors& batch : loader.epoch(0)) {
            REQUIRE(batch[0].shape() == Shape{lanes, length});
            for (std::int64_t row = 0; row < lanes; ++row) {
                if (before.defined())
                    REQUIRE(batch[0].item<std::int64_t>(row * length) ==
                            before.item<std::int64_t>(row * length + length - 1));
                for (std::int64_t i = 0; i < length; ++i) {
                    REQUIRE(batch[1].item<std::int64_t>(row * length + i) ==
                            batch[0].item<std::int64_t>(row * length + i) + 1);
                    targets.insert(batch[1].item<std::int64_t>(row * length + i));
                }
            }
            before = weft::slice(batch[1], 0, 0, lanes);
        }
        CHECK(static_cast<std::int64_t>(targets.size()) == loader.samples() * length);  // no target twice
        CHECK(static_cast<std::int64_t>(targets.size()) > n - 1 - lanes * length);      // and hardly any left out
    }
}

TEST_CASE("data: windows that do not fit a corpus are refused", "[data_sequences]") {
    const Tensor corpus = weft::arange(12);
    CHECK_THROWS_AS(token_windows(corpus, 12), ShapeError);
    CHECK_THROWS_WITH(token_windows(corpus, 12),
                      Contains("need 13 tokens in each lane; received int64 [12] in 1 lane"));
    CHECK_THROWS_WITH(token_windows(corpus, 4, {.lanes = 3}), Contains("received int64 [12] in 3 lanes"));
    CHECK_THROWS_WITH(token_windows(corpus, 0), Contains("length must be at least 1; received 0"));
    CHECK_THROWS_WITH(token_windows(corpus, 1, {.stride = -1}), Contains("stride must be at least 0; received -1"));
    CHECK_THROWS_WITH(token_windows(corpus, 1, {.lanes = 0}), Contains("lanes must be at least 1; received 0"));
    CHECK_THROWS_WITH(token_windows(Tensor(), 1), Contains("an undefined tensor"));
    CHECK_THROWS_AS(token_windows(weft::arange(0), 1), ShapeError);
}

TEST_CASE("data: a loader gathers samples as it needs them", "[data_sequences]") {
    const std::int64_t n = 1 << 20, length = 64;
    const Tensor corpus = weft::arange(n);
    weft::reset_peak_memory();
    const std::size_t before = weft::memory_use().peak;
    Loader loader(token_windows(corpus, length, {.stride = 1}), {.batch_size = 16, .shuffle = true, .seed = 3});
    CHECK(loader.samples() == n - length);
    loader.begin_epoch(0);
    Tensors batch;
    for (int i = 0; i < 20; ++i) {
        REQUIRE(loader.next(batch));
        for (std::int64_t row = 0; row < 16; ++row)
            REQUIRE(batch[1].item<std::int64_t>(row * length) == batch[0].item<std::int64_t>(row * length) + 1);
    }
    // The order of all samples takes 8 MiB; the windows themselves would take 1 GiB.
    CHECK(weft::memory_use().peak - before < std::size_t{32} << 20);
}

TEST_CASE("data: a loader gives gathered samples once an epoch, in an order of the seed's", "[data_sequences]") {
    const auto order = [](std::int64_t n, const LoaderOptions& options, std::int64_t epoch) {
        Loader loader(token_windows(weft::arange(n + 1), 1), options);
        std::vector<std::int64_t> seen;
        for (const Tensors& batch : loader.epoch(epoch)) {
            REQUIRE(batch[0].shape(0) <= options.batch_size);
            for (const std::int64_t i : numbers_of(batch[0])) seen.push_back(i);
        }
        return seen;
    };
    for (const int workers : {0, 1, 3})
        for (const std::int64_t n : {1, 32, 33, 200}) {
            const LoaderOptions plain{.workers = workers}, shuffled{.shuffle = true, .seed = 5, .workers = workers};
            const auto in_order = numbers_of(weft::arange(n));
            CHECK(order(n, plain, 0) == in_order);
            auto mixed = order(n, shuffled, 2);
            CHECK(mixed == order(n, {.shuffle = true, .seed = 5, .workers = 0}, 2));
            if (n > 1) CHECK(mixed != order(n, shuffled, 3));
            std::sort(mixed.begin(), mixed.end());
            CHECK(mixed == in_order);
        }
    CHECK_THROWS_WITH(Loader(Samples(3, nullptr)), Contains("received count 3 and no function"));
    CHECK_THROWS_WITH(Loader(Samples(-1, [](auto, auto&) { return Tensors{}; })), Contains("received count -1"));
    CHECK_THROWS_WITH(Loader(token_windows(weft::arange(9), 2), {.batch_size = 0}),
                      Contains("batch_size must be at least 1"));
}

TEST_CASE("data: an error in gathering samples reaches the caller", "[data_sequences]") {
    for (const int workers : {0, 2}) {
        Loader loader(Samples(8, [](std::span<const std::int64_t> numbers, Buffers&) -> Tensors {
                          if (numbers[0] == 4) throw ValueError("no sample 4");
                          return {weft::arange(numbers[0], numbers[0] + 1)};
                      }), {.batch_size = 1, .workers = workers});
        loader.begin_epoch(0);
        Tensors batch;
        for (int i = 0; i < 4; ++i) REQUIRE(loader.next(batch));
        CHECK_THROWS_WITH(loader.next(batch), Contains("no sample 4"));
    }
}

TEST_CASE("data: memory for batches is used again once it is free", "[data_sequences]") {
    Buffers buffers(2);
    weft::Array a = buffers.take({4}, weft::float32);
    const weft::Array b = buffers.take({4}, weft::float32);
    CHECK_FALSE(a.shares_buffer(b));
    const float* first = a.data<float>();
    a = weft::Array();
    CHECK(buffers.take({4}, weft::int64).data<std::byte>() != reinterpret_cast<const std::byte*>(first));
    weft::Array again = buffers.take({5}, weft::float32);  // takes the place of the one that is free
    const float* second = again.data<float>();
    again = weft::Array();
    CHECK(buffers.take({5}, weft::float32).data<float>() == second);
}

TEST_CASE("data: batches by length hold every sequence once, and little filling", "[data_sequences]") {
    const std::int64_t n = 103;
    Tensors x, y, labels;
    for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t length = i * 37 % 50;
        x.push_back(sequence(length, static_cast<double>(i)));
        y.push_back(weft::full({length, 2}, static_cast<double>(i) + 0.5));
        labels.push_back(Tensor(i));
    }
    for (const bool shuffle : {false, true})
        for (const std::int64_t width : {1, 10}) {
            CAPTURE(shuffle, width);
            BucketLoader loader(
                {x, y, labels},
                {.batch_size = 8, .shuffle = shuffle, .seed = 2, .width = width, .value = -1, .weights = true});
            CHECK(loader.samples() == n);
            CHECK(loader.batches() == 13);
            std::vector<std::int64_t> seen, lengths;
            for (const Tensors& batch : loader.epoch(1)) {
                REQUIRE(batch.size() == 4);
                const std::int64_t rows = batch[2].shape(0), steps = batch[0].shape(1);
                REQUIRE(batch[0].shape() == Shape{rows, steps});
                REQUIRE(batch[1].shape() == Shape{rows, steps, 2});
                REQUIRE(batch[3].shape() == Shape{rows, steps});
                lengths.push_back(steps);
                for (std::int64_t r = 0; r < rows; ++r) {
                    const auto i = batch[2].item<std::int64_t>(r);
                    const std::int64_t length = x[static_cast<std::size_t>(i)].shape(0);
                    seen.push_back(i);
                    REQUIRE(steps - length < (width == 1 ? 8 : 2 * width));  // eight of 103 sequences over 50 lengths
                    for (std::int64_t t = 0; t < steps; ++t) {
                        const bool given = t < length;
                        REQUIRE(batch[0].item<double>(r * steps + t) == (given ? static_cast<double>(i) : -1));
                        REQUIRE(batch[1].item<double>((r * steps + t) * 2 + 1) ==
                                (given ? static_cast<double>(i) + 0.5 : -1));
                        REQUIRE(batch[3].item<double>(r * steps + t) == (given ? 1 : 0));
                    }
                }
            }
            if (width == 1) CHECK(std::is_sorted(lengths.begin(), lengths.end()) == !shuffle);
            std::sort(seen.begin(), seen.end());
            CHECK(seen == numbers_of(weft::arange(n)));
        }
}

TEST_CASE("data: the order of batches by length is the seed's and the epoch's", "[data_sequences]") {
    Tensors x;
    for (std::int64_t i = 0; i < 60; ++i) x.push_back(sequence(1 + i % 7, static_cast<double>(i)));
    const auto order = [&](std::uint64_t seed, std::int64_t epoch) {
        BucketLoader loader({x}, {.batch_size = 4, .shuffle = true, .seed = seed, .padding = "pre"});
        std::vector<std::int64_t> seen;
        for (const Tensors& batch : loader.epoch(epoch))
            for (std::int64_t r = 0; r < batch[0].shape(0); ++r)  // padded before: the last step is the sequence's own
                seen.push_back(batch[0].item<std::int64_t>((r + 1) * batch[0].shape(1) - 1));
        return seen;
    };
    CHECK(order(1, 0) == order(1, 0));
    CHECK(order(1, 0) != order(1, 1));
    CHECK(order(1, 0) != order(2, 0));
}

TEST_CASE("data: sequences that make no batches are refused", "[data_sequences]") {
    const Tensors x{sequence(3, 0), sequence(2, 1)}, y{Tensor(1), Tensor(2)};
    using Columns = std::vector<Tensors>;
    CHECK_THROWS_AS(BucketLoader(Columns{}), ValueError);
    CHECK_THROWS_AS(BucketLoader(Columns{x, {y[0]}}), ShapeError);
    CHECK_THROWS_WITH(BucketLoader(Columns{x, {y[0]}}), Contains("column 0 has 2, column 1 has 1"));
    CHECK_THROWS_WITH(BucketLoader(Columns{y, x}), Contains("sample 0 of column 0 is int64 []"));
    CHECK_THROWS_WITH(BucketLoader(Columns{x, {y[0], x[0]}}), Contains("sample 1 of column 1 is int64 [3]"));
    CHECK_THROWS_WITH(BucketLoader(Columns{{x[0], Tensor()}}), Contains("sample 1 of column 0 is an undefined tensor"));
    CHECK_THROWS_AS(BucketLoader(Columns{{x[0], weft::zeros({2})}}), weft::DTypeError);
    CHECK_THROWS_WITH(BucketLoader(Columns{x, {weft::zeros({3, 2}), weft::zeros({2, 1})}}),
                      Contains("column 1: ") && Contains("one shape"));
    CHECK_THROWS_WITH(BucketLoader(Columns{x}, {.batch_size = 0}),
                      Contains("batch_size must be at least 1; received 0"));
    CHECK_THROWS_WITH(BucketLoader(Columns{x}, {.width = 0}), Contains("width must be at least 1; received 0"));
    CHECK_THROWS_WITH(BucketLoader(Columns{x}, {.padding = "same"}), Contains("received \"same\""));
    BucketLoader loader(Columns{x, y});
    Tensors batch;
    CHECK_THROWS_WITH(loader.next(batch), Contains("begin_epoch"));
    CHECK_THROWS_WITH(loader.begin_epoch(-1), Contains("received -1"));
    BucketLoader none(Columns{{}});
    CHECK(none.batches() == 0);
    none.begin_epoch(0);
    CHECK_FALSE(none.next(batch));
}
