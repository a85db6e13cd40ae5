// CIFAR-10: small files in its form, and the real ones where they are.
#include "../catch.hpp"
#include "../environment.hpp"
#include "../temporary_folder.hpp"
#include "bytes.hpp"

#include <weft/autograd/error.hpp>
#include <weft/data/cifar10.hpp>

using Catch::Contains;
using weft::FileError;
using weft::Shape;
using namespace weft::data;
using weft::testing::Environment;
using weft::testing::gzip;
using weft::testing::TemporaryFolder;

namespace {

// Image i has the label (first + i) % 10; channel c of its pixel p is (i + 3 p + c) % 251.
std::string batch(int images, int first = 0) {
    std::string bytes;
    for (int i = 0; i < images; ++i) {
        bytes += static_cast<char>((first + i) % 10);
        for (int c = 0; c < 3; ++c)
            for (int p = 0; p < 1024; ++p) bytes += static_cast<char>((i + 3 * p + c) % 251);
    }
    return bytes;
}

}  // namespace

TEST_CASE("data: CIFAR-10's batches become images in 0..1, channels last, and labels", "[data_io]") {
    const TemporaryFolder folder;
    folder.write("cifar10/data_batch_4.bin", batch(3, 5));
    folder.write("cifar10/data_batch_2.bin.gz", gzip(batch(2)));
    folder.write("cifar10/test_batch.bin.gz", gzip(batch(1, 9)));
    const Environment data("WEFT_DATA", folder.path());
    const auto [train, test, batches] = cifar10();
    CHECK(batches == std::vector<std::string>{"data_batch_2.bin", "data_batch_4.bin"});
    REQUIRE(train.x.shape() == Shape{5, 32, 32, 3});
    REQUIRE(train.x.dtype() == weft::float32);
    REQUIRE(train.y.shape() == Shape{5});
    REQUIRE(train.y.dtype() == weft::int64);
    REQUIRE(test.x.shape() == Shape{1, 32, 32, 3});
    for (int image = 0; image < 5; ++image) {
        const int i = image < 2 ? image : image - 2;
        CHECK(train.y.item<std::int64_t>(image) == (image < 2 ? i : 5 + i));
        for (int p = 0; p < 1024; ++p)
            for (int c = 0; c < 3; ++c)
                REQUIRE(train.x.item<float>((image * 1024 + p) * 3 + c) ==
                        static_cast<float>((i + 3 * p + c) % 251) / 255);
    }
    CHECK(test.y.item<std::int64_t>(0) == 9);
    CHECK(cifar10({.folder = folder / "cifar10"}).train.x.shape(0) == 5);
}

TEST_CASE("data: without CIFAR-10, or with damaged batches, the error says what is wrong", "[data_io]") {
    const TemporaryFolder folder;
    const Environment data("WEFT_DATA", folder / "data"), cache("XDG_CACHE_HOME", folder / "cache");
    CHECK_THROWS_WITH(cifar10(), Contains((folder / "data/cifar10").string()) && Contains("cifar-10-binary.tar.gz"));
    folder.write("data/cifar10/test_batch.bin", batch(1));
    CHECK_THROWS_WITH(cifar10(),
                      Contains("none of data_batch_1.bin to data_batch_5.bin") && Contains("cifar-10-binary.tar.gz"));
    for (const std::string& bad : {std::string(), batch(2).substr(1), batch(2) + "x"}) {
        folder.write("data/cifar10/data_batch_1.bin", bad);
        CHECK_THROWS_WITH(cifar10(),
                          Contains("data_batch_1.bin: a batch of CIFAR-10 is a number of images of 3073 bytes each"));
    }
    std::string wrong = batch(2);
    wrong[3073] = 10;
    folder.write("data/cifar10/data_batch_1.bin", wrong);
    CHECK_THROWS_WITH(cifar10(), Contains("data_batch_1.bin: image 1 has the label 10; expected 0 to 9"));
    folder.write("data/cifar10/data_batch_1.bin", gzip(std::string(40'000'000, '\0')));
    CHECK_THROWS_WITH(cifar10(), Contains("holds more than the 30730000 bytes expected"));
    folder.write("data/cifar10/data_batch_1.bin", gzip(batch(3)).substr(0, 100));
    CHECK_THROWS_WITH(cifar10(), Contains("truncated"));
}

TEST_CASE("data: the real CIFAR-10, as far as it is there", "[data]") {
    Dataset test;
    try {
        test = cifar10().test;
    } catch (const FileError& error) {
        WARN("skipped: " << error.what());
        return;
    }
    REQUIRE(test.x.shape() == Shape{10000, 32, 32, 3});
    std::vector<int> counts(10);
    for (std::int64_t label : test.y.values<std::int64_t>()) ++counts.at(static_cast<std::size_t>(label));
    CHECK(counts == std::vector<int>(10, 1000));
    CHECK(test.y.item<std::int64_t>(0) == 3);  // a cat
}
