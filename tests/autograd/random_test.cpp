#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/random.hpp>
#include <weft/autograd/threads.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>

using namespace weft;
using namespace weft::testing;

namespace {

// Mean and standard deviation.
std::pair<double, double> moments(const Tensor& x) {
    double sum = 0, squares = 0;
    const Plain values = plain(x);
    for (double value : values.values) sum += value;
    const double mean = sum / static_cast<double>(values.values.size());
    for (double value : values.values) squares += (value - mean) * (value - mean);
    return {mean, std::sqrt(squares / static_cast<double>(values.values.size()))};
}

const std::vector<std::function<Tensor(Generator&)>>& draws() {
    static const std::vector<std::function<Tensor(Generator&)>> all{
        [](Generator& g) { return random::uniform({1003, 101}, -1, 2, float32, g); },
        [](Generator& g) { return random::uniform({1003, 101}, -1, 2, float64, g); },
        [](Generator& g) { return random::normal({1003, 101}, 1, 2, float32, g); },
        [](Generator& g) { return random::normal({1003, 101}, 1, 2, float64, g); },
        [](Generator& g) { return random::truncated_normal({1003, 101}, 1, 2, float32, g); },
        [](Generator& g) { return random::truncated_normal({1003, 101}, 1, 2, float64, g); },
        [](Generator& g) { return random::integers({1003, 101}, -5, 5, g); },
        [](Generator& g) { return random::permutation(100'003, g); },
    };
    return all;
}

}  // namespace

TEST_CASE("random: a seed gives the same numbers again, another seed others") {
    for (const auto& draw : draws()) {
        Generator first(42), again(42), other(43);
        const Tensor x = draw(first);
        CHECK(difference(x, draw(again)) == 0);
        CHECK(difference(x, draw(other)) > 0.1);
        CHECK(difference(x, draw(first)) > 0.1);  // the generator has moved on
        CHECK(first.counter() == 2);
        Generator resumed(42, 1);
        CHECK(difference(draw(again), draw(resumed)) == 0);
    }
}

TEST_CASE("random: the number of threads changes nothing") {
    const int before = num_threads();
    for (const auto& draw : draws()) {
        Generator one(7), many(7);
        set_num_threads(1);
        const Tensor x = draw(one);
        set_num_threads(3);
        CHECK(difference(x, draw(many)) == 0);
    }
    set_num_threads(before);
}

TEST_CASE("random: the default generator follows manual_seed") {
    manual_seed(5);
    const Tensor a = random::normal({10}), b = random::normal({10});
    manual_seed(5);
    CHECK(difference(random::normal({10}), a) == 0);
    CHECK(difference(random::normal({10}), b) == 0);
    CHECK(difference(a, b) > 0.1);
}

TEST_CASE("random: values are distributed as their names say") {
    Generator g(1);
    const std::int64_t n = 1'000'000;
    for (DType dtype : {float32, float64}) {
        const Tensor u = random::uniform({n}, -2, 4, dtype, g);
        CHECK(u.dtype() == dtype);
        auto [mean, deviation] = moments(u);
        CHECK(mean == Approx(1).margin(0.01));
        CHECK(deviation == Approx(6 / std::sqrt(12)).margin(0.01));
        CHECK(min(u).item<double>() >= -2);
        CHECK(max(u).item<double>() < 4);

        const Tensor z = random::normal({n}, 3, 2, dtype, g);
        std::tie(mean, deviation) = moments(z);
        CHECK(mean == Approx(3).margin(0.01));
        CHECK(deviation == Approx(2).margin(0.01));
        CHECK(max(z).item<double>() > 3 + 2 * 4);  // no tail is cut off

        const Tensor t = random::truncated_normal({n}, 3, 2, dtype, g);
        std::tie(mean, deviation) = moments(t);
        CHECK(mean == Approx(3).margin(0.01));
        CHECK(deviation == Approx(2 * 0.87962566).margin(0.01));  // of the normal distribution cut at two deviations
        CHECK(max(t).item<double>() <= 7);
        CHECK(min(t).item<double>() >= -1);
        CHECK(max(t).item<double>() > 6.9);
    }
}

TEST_CASE("random: uniform never gives its upper end, even where rounding would") {
    // In [2, 4) float32 has half as many values as the draws, so that the largest draws round up to 4.
    Generator g(3);
    float largest = 0;
    for (int i = 0; i < 20; ++i)
        largest = std::max(largest, max(random::uniform({1 << 21}, 3, 4, float32, g)).item<float>());
    CHECK(largest < 4);
    CHECK(largest > 3.999f);
    CHECK(difference(random::uniform({3}, 2, 2, float32, g), full({3}, 2)) == 0);
}

TEST_CASE("random: integers reach both ends and no further") {
    Generator g(2);
    const Tensor x = random::integers({10'000}, -3, 4, g);
    std::vector<int> counts(7);
    for (std::int64_t value : x.values<std::int64_t>()) {
        REQUIRE(value >= -3);
        REQUIRE(value < 4);
        ++counts[static_cast<std::size_t>(value + 3)];
    }
    for (int count : counts) CHECK(std::abs(count - 10'000 / 7) < 200);
    CHECK_THROWS_AS(random::integers({3}, 2, 2, g), ValueError);
}

TEST_CASE("random: a permutation holds every number once, each order as likely") {
    Generator g(4);
    Tensor x = random::permutation(1000, g);
    std::vector<std::int64_t> sorted(x.values<std::int64_t>().begin(), x.values<std::int64_t>().end());
    CHECK_FALSE(std::is_sorted(sorted.begin(), sorted.end()));
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < sorted.size(); ++i) REQUIRE(sorted[i] == static_cast<std::int64_t>(i));
    std::vector<int> counts(6);
    for (int i = 0; i < 6000; ++i) {
        const auto p = random::permutation(3, g);
        ++counts[static_cast<std::size_t>(2 * p.item<std::int64_t>(0) +
                                          (p.item<std::int64_t>(1) > p.item<std::int64_t>(2)))];
    }
    for (int count : counts) CHECK(std::abs(count - 1000) < 150);
    CHECK(random::permutation(0, g).shape() == Shape{0});
    CHECK(random::permutation(1, g).item<int>() == 0);
    CHECK_THROWS_AS(random::permutation(-1, g), ValueError);
}

TEST_CASE("random: only floats are drawn from") {
    CHECK_THAT(thrown_text<DTypeError>([] { random::normal({2}, int64); }),
               contains("random::normal") && contains("int64"));
    CHECK_THROWS_AS(random::uniform({2}, 1, 0), ValueError);
}
