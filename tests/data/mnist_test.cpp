// MNIST and Fashion-MNIST: small files in their form, and the real ones where they are.
#include "../catch.hpp"
#include "../environment.hpp"
#include "../temporary_folder.hpp"
#include "bytes.hpp"

#include <weft/autograd/error.hpp>
#include <weft/data/mnist.hpp>

using Catch::Contains;
using weft::FileError;
using weft::Shape;
using weft::Tensor;
using namespace weft::data;
using weft::testing::Environment;
using weft::testing::gzip;
using weft::testing::idx;
using weft::testing::small_mnist;
using weft::testing::TemporaryFolder;

namespace {

double mean(const Tensor& x) {
    double sum = 0;
    for (float value : x.values<float>()) sum += static_cast<double>(value);
    return sum / static_cast<double>(x.elements());
}

// How often each of the labels 0 to 9 comes.
std::vector<std::int64_t> counts(const Tensor& labels) {
    std::vector<std::int64_t> counts(10);
    for (std::int64_t label : labels.values<std::int64_t>()) ++counts.at(static_cast<std::size_t>(label));
    return counts;
}

}  // namespace

TEST_CASE("data: MNIST's files become images in 0..1 and labels", "[data_io]") {
    TemporaryFolder folder;
    for (const auto& [name, bytes] : small_mnist(5, 3)) {
        folder.write("mnist/" + name, bytes);
        folder.write("fashion_mnist/" + name + ".gz", gzip(bytes));
    }
    const Environment data("WEFT_DATA", folder.path());
    for (const auto& load : {mnist, fashion_mnist}) {
        const auto [train, test] = load({});
        REQUIRE(train.x.shape() == Shape{5, 28, 28, 1});
        REQUIRE(train.x.dtype() == weft::float32);
        REQUIRE(train.y.shape() == Shape{5});
        REQUIRE(train.y.dtype() == weft::int64);
        REQUIRE(test.x.shape() == Shape{3, 28, 28, 1});
        REQUIRE(test.y.shape() == Shape{3});
        for (std::int64_t i = 0; i < train.x.elements(); ++i)
            REQUIRE(train.x.item<float>(i) == static_cast<float>(i % 251) / 255);
        for (std::int64_t i = 0; i < 3; ++i) CHECK(test.y.item<std::int64_t>(i) == i);
    }
}

TEST_CASE("data: MNIST's files must agree with each other", "[data_io]") {
    TemporaryFolder folder;
    for (const auto& [name, bytes] : small_mnist(5, 3)) folder.write(name, bytes);
    CHECK(mnist({.folder = folder.path()}).train.x.shape(0) == 5);
    SECTION("as many labels as images") {
        folder.write("train-labels-idx1-ubyte", idx({4}));
        CHECK_THROWS_WITH(mnist({.folder = folder.path()}),
                          Contains("train-labels-idx1-ubyte: expected an IDX file of shape [5]; its header says [4]"));
    }
    SECTION("images of 28 by 28") {
        folder.write("t10k-images-idx3-ubyte", idx({3, 28, 27}));
        CHECK_THROWS_WITH(mnist({.folder = folder.path()}),
                          Contains("t10k-images-idx3-ubyte: expected an IDX file of shape [None, 28, 28]"));
    }
}

TEST_CASE("data: without MNIST, the error says what to do", "[data_io]") {
    TemporaryFolder folder;
    const Environment data("WEFT_DATA", folder / "data"), cache("XDG_CACHE_HOME", folder / "cache");
    CHECK_THROWS_AS(mnist({.download = false}), FileError);
    CHECK_THROWS_WITH(mnist({.download = false}),
                      Contains((folder / "data/mnist").string()) && Contains((folder / "cache/weft/mnist").string()) &&
                          Contains("WEFT_DATA") && Contains("apt install dataset-fashion-mnist"));
    CHECK_THROWS_WITH(fashion_mnist({.folder = folder / "nowhere"}),
                      Contains((folder / "nowhere").string() + " (the folder given): no such folder") &&
                          Contains("apt install dataset-fashion-mnist"));
}

TEST_CASE("data: the real MNIST", "[data]") {
    const char* data = std::getenv("WEFT_DATA");
    if (!data || !*data) {
        WARN("skipped: WEFT_DATA is not set");
        return;
    }
    const auto [train, test] = mnist({.download = false});
    REQUIRE(train.x.shape() == Shape{60000, 28, 28, 1});
    REQUIRE(test.x.shape() == Shape{10000, 28, 28, 1});
    CHECK(mean(train.x) == Approx(0.1306604762738429).epsilon(1e-6));  // as torchvision's users normalise by
    const std::vector<std::int64_t> first = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4};
    const auto labels = train.y.values<std::int64_t>();
    CHECK(std::vector<std::int64_t>(labels.begin(), labels.begin() + 10) == first);
    CHECK(counts(test.y) == std::vector<std::int64_t>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009});
}

TEST_CASE("data: the real Fashion-MNIST", "[data]") {
    Dataset test;
    try {
        test = fashion_mnist({.download = false}).test;
    } catch (const FileError& error) {
        WARN("skipped: " << error.what());
        return;
    }
    REQUIRE(test.x.shape() == Shape{10000, 28, 28, 1});
    CHECK(counts(test.y) == std::vector<std::int64_t>(10, 1000));
    CHECK(mean(test.x) == Approx(0.2868).margin(1e-3));
}
