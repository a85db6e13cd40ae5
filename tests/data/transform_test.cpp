// Samples changed on their way: each by draws of its own, whatever came before.
#include "../catch.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/data/loader.hpp>
#include <weft/data/transform.hpp>
#include "array_fixtures.hpp"

#include <set>

using Catch::Contains;
using namespace weft;
using namespace weft::data;
using weft::testing::same;

namespace {

// Sample i is an image of i, i + 1, ...
Loader images(std::int64_t n, const LoaderOptions& options = {}) {
    Tensors made;
    for (std::int64_t i = 0; i < n; ++i) made.push_back(arange(i, i + 24).reshape({3, 4, 2}));
    return Loader({stack(made), arange(n)}, options);
}

void shift_and_flip(Tensors& sample, Generator& generator) {
    sample[0] = random_shift(random_flip(sample[0], generator), 2, generator);
}

Tensor all_of(Source& source, std::int64_t epoch) {
    Tensors batches;
    for (const Tensors& batch : source.epoch(epoch)) batches.push_back(batch[0]);
    return concat(batches);
}

}  // namespace

TEST_CASE("data: a function changes every sample of a source, by draws of the sample's own", "[data_loader]") {
    Transformed source(images(50), shift_and_flip, {.seed = 3});
    CHECK(source.samples() == 50);
    CHECK(source.batches() == 2);
    const Tensor first = all_of(source, 0), second = all_of(source, 1);
    CHECK(first.shape() == Shape{50, 3, 4, 2});
    CHECK_FALSE(same(first, second));
    CHECK(same(all_of(source, 0), first));
    for (const std::int64_t batch_size : {1, 7, 50}) {
        Transformed other(images(50, {.batch_size = batch_size}), shift_and_flip, {.seed = 3});
        CHECK(same(all_of(other, 0), first));
        CHECK(same(all_of(other, 1), second));
    }
    Transformed other_seed(images(50), shift_and_flip, {.seed = 4});
    CHECK_FALSE(same(all_of(other_seed, 0), first));

    Transformed grown(images(5), [](Tensors& sample, Generator&) {
        sample = {sample[1], pad(sample[0].to(float32), {0, 0, 0}, {1, 0, 0}), Tensor(1.5)};
    });
    for (const Tensors& batch : grown.epoch(0)) {
        REQUIRE(batch.size() == 3);
        CHECK(same(batch[0], arange(5)));
        CHECK(batch[1].shape() == Shape{5, 4, 4, 2});
        CHECK(batch[2].shape() == Shape{5});
    }
}

TEST_CASE("data: a flip mirrors half of the images", "[data_loader]") {
    const Tensor image = arange(24).reshape({3, 4, 2}), mirrored = flip(image, 1);
    int flips = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        Generator generator(5, i << 8);
        const Tensor x = random_flip(image, generator);
        const bool flipped = same(x, mirrored);
        REQUIRE((flipped || same(x, image)));
        flips += flipped;
    }
    CHECK(std::abs(flips - 500) < 80);
}

TEST_CASE("data: a shift moves the image by every distance and fills with zeros", "[data_loader]") {
    const Tensor image = arange(1, 25).reshape({3, 4, 2});
    for (const std::int64_t most : {0, 1, 2, 5}) {
        const Tensor padded = pad(image, {most, most, 0}, {most, most, 0});
        std::set<std::string> wanted, seen;
        for (std::int64_t down = 0; down <= 2 * most; ++down)
            for (std::int64_t right = 0; right <= 2 * most; ++right)
                wanted.insert(str(slice(slice(padded, 0, down, down + 3), 1, right, right + 4)));
        for (std::uint64_t i = 0; i < 2000; ++i) {
            Generator generator(5, i << 8);
            seen.insert(str(random_shift(image, most, generator)));
        }
        CHECK(seen == wanted);
    }
}

TEST_CASE("data: what cannot be transformed is refused", "[data_loader]") {
    Generator generator(1);
    CHECK_THROWS_WITH(random_flip(ones({2, 2}), generator),
                      Contains("expects one image [height, width, channels]; received float32 [2, 2]"));
    CHECK_THROWS_AS(random_shift(Tensor(), 1, generator), ShapeError);
    CHECK_THROWS_AS(random_shift(ones({2, 2, 1}), -1, generator), ValueError);
    CHECK_THROWS_AS(Transformed(images(3), nullptr), ValueError);
    CHECK_THROWS_AS(Transformed(std::shared_ptr<Source>(), shift_and_flip), ValueError);
    Tensors batch;
    Transformed ragged(images(3),
                       [](Tensors& sample, Generator&) { sample[0] = zeros({sample[1].item<std::int64_t>() + 1}); });
    ragged.begin_epoch(0);
    CHECK_THROWS_WITH(ragged.next(batch), Contains("tensor 0 of sample 1 is float32 [2]"));
    Transformed fewer(images(3), [](Tensors& sample, Generator&) {
        if (sample[1].item<std::int64_t>() == 2) sample.pop_back();
    });
    fewer.begin_epoch(0);
    CHECK_THROWS_AS(fewer.next(batch), ShapeError);
    CHECK(batch.empty());
    Transformed throwing(images(3), [](Tensors&, Generator&) { throw std::runtime_error("a bad sample"); });
    throwing.begin_epoch(0);
    CHECK_THROWS_WITH(throwing.next(batch), "a bad sample");
}
