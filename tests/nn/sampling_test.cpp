// Drawing classes: how often each comes, and bad input.
#include "../catch.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/nn/sampling.hpp>

#include <cmath>
#include <limits>

using namespace weft;
using Catch::Contains;
using nn::sample;
using nn::SamplingOptions;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// How often each class is drawn from one row of logits.
std::vector<double> shares(const std::vector<double>& logits, const SamplingOptions& options,
                           std::int64_t draws = 20000) {
    const auto classes = static_cast<std::int64_t>(logits.size());
    std::vector<double> all;
    for (std::int64_t i = 0; i < draws; ++i) all.insert(all.end(), logits.begin(), logits.end());
    Generator generator(4);
    const Tensor drawn = sample(tensor(all, {draws, classes}), options, generator);
    std::vector<double> shares(logits.size());
    for (const std::int64_t label : drawn.values<std::int64_t>())
        shares[static_cast<std::size_t>(label)] += 1.0 / static_cast<double>(draws);
    return shares;
}

void check_shares(const std::vector<double>& shares, const std::vector<double>& expected) {
    REQUIRE(shares.size() == expected.size());
    for (std::size_t i = 0; i < shares.size(); ++i) {
        CAPTURE(i, shares[i], expected[i]);
        if (expected[i] == 0) CHECK(shares[i] == 0);
        else CHECK(std::abs(shares[i] - expected[i]) < 0.015);  // four standard deviations
    }
}

}  // namespace

TEST_CASE("sample: each class comes as often as its probability says", "[sampling]") {
    const std::vector<double> logits{std::log(0.5), std::log(0.3), -infinity, std::log(0.2)};
    check_shares(shares(logits, {}), {0.5, 0.3, 0, 0.2});
    check_shares(shares({3, 3, 3}, {}), {1 / 3.0, 1 / 3.0, 1 / 3.0});
    check_shares(shares({2000, 2000, -2000}, {}), {0.5, 0.5, 0});
    const double sum = 0.25 + 0.09 + 0.04;
    check_shares(shares(logits, {.temperature = 0.5}), {0.25 / sum, 0.09 / sum, 0, 0.04 / sum});
    check_shares(shares(logits, {.temperature = 0}), {1, 0, 0, 0});
    check_shares(shares({1, 2, 2, 0}, {.temperature = 0}), {0, 1, 0, 0});
    check_shares(shares({1, 2, 2, 0}, {.temperature = 1e-310}), {0, 0.5, 0.5, 0});
    check_shares(shares({1, 2, 0, -1}, {.temperature = 1e300}), {0.25, 0.25, 0.25, 0.25});
}

TEST_CASE("sample: only the likeliest classes are drawn", "[sampling]") {
    const std::vector<double> logits{std::log(0.1), std::log(0.4), std::log(0.2), std::log(0.3)};
    check_shares(shares(logits, {.top_k = 2}), {0, 4 / 7.0, 0, 3 / 7.0});
    check_shares(shares(logits, {.top_k = 1}), {0, 1, 0, 0});
    check_shares(shares(logits, {.top_k = 4}), {0.1, 0.4, 0.2, 0.3});
    check_shares(shares(logits, {.top_k = 100}), {0.1, 0.4, 0.2, 0.3});
    check_shares(shares({0, 0, 0, 0}, {.top_k = 3}), {1 / 3.0, 1 / 3.0, 1 / 3.0, 0});
    check_shares(shares({1, -infinity, -infinity}, {.top_k = 2}), {1, 0, 0});
}

TEST_CASE("sample: a class for each row, the same from the same generator", "[sampling]") {
    const Tensor logits = random::normal({4, 5, 30}, 0, 2, float64);
    Generator one(1), again(1), other(2);
    const Tensor drawn = sample(logits, {}, one);
    CHECK(drawn.shape() == Shape{4, 5});
    CHECK(drawn.dtype() == int64);
    const auto numbers = [](const Tensor& x) {
        return std::vector<std::int64_t>(x.values<std::int64_t>().begin(), x.values<std::int64_t>().end());
    };
    CHECK(numbers(sample(logits, {}, again)) == numbers(drawn));
    CHECK(numbers(sample(logits, {}, other)) != numbers(drawn));
    CHECK(numbers(sample(logits, {}, one)) != numbers(drawn));
    CHECK(sample(zeros({3})).shape().empty());
    CHECK(sample(zeros({0, 3})).shape() == Shape{0});
}

TEST_CASE("sample: what nothing can be drawn from is refused", "[sampling]") {
    CHECK_THROWS_AS(sample(Tensor()), ShapeError);
    CHECK_THROWS_WITH(sample(Tensor(1.0)), Contains("expects logits [..., classes]; received float64 []"));
    CHECK_THROWS_AS(sample(zeros({2, 0})), ShapeError);
    CHECK_THROWS_AS(sample(zeros({2, 3}, int64)), DTypeError);
    CHECK_THROWS_WITH(sample(zeros({3}), {.temperature = -1}),
                      Contains("temperature must be finite and not negative; received -1"));
    CHECK_THROWS_AS(sample(zeros({3}), {.temperature = NAN}), ValueError);
    CHECK_THROWS_AS(sample(zeros({3}), {.temperature = infinity}), ValueError);
    CHECK_THROWS_WITH(sample(zeros({3}), {.top_k = -1}), Contains("top_k must not be negative; received -1"));
    for (const double bad : {static_cast<double>(NAN), infinity}) {
        CHECK_THROWS_AS(sample(tensor({0, 0, 0, bad}, {2, 2})), NotFiniteError);
        CHECK_THROWS_WITH(sample(tensor({0, 0, 0, bad}, {2, 2})), Contains("row 1 of the logits, float32 [2, 2]"));
        CHECK_THROWS_AS(sample(tensor({bad, 0}, {2})), NotFiniteError);
    }
    CHECK_THROWS_AS(sample(full({3}, -infinity)), NotFiniteError);
}
