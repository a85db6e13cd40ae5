// Initializers: Keras's limits, deviations, names; orthogonality; the same seed gives the same weights.
#include "catch.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/initializers.hpp>

#include <algorithm>
#include <cmath>

using namespace weft;
using nn::Initializer;
using Catch::Contains;

namespace {

struct Statistics {
    double mean, stddev, least, most;
};

Statistics statistics(const Tensor& x) {
    const std::int64_t n = x.elements();
    double sum = 0, squares = 0, least = INFINITY, most = -INFINITY;
    for (std::int64_t i = 0; i < n; ++i) {
        const double value = x.item<double>(i);
        sum += value;
        squares += value * value;
        least = std::min(least, value);
        most = std::max(most, value);
    }
    const double mean = sum / static_cast<double>(n);
    return {mean, std::sqrt(squares / static_cast<double>(n) - mean * mean), least, most};
}

struct Case {
    const char* name;
    Shape shape;
    double variance;
    bool uniform;
};

}  // namespace

TEST_CASE("initializers: variance and limits follow the fans", "[nn]") {
    const Case row = GENERATE(values<Case>({
        {"glorot_uniform", {200, 600}, 2.0 / 800, true},
        {"glorot_normal", {200, 600}, 2.0 / 800, false},
        {"he_uniform", {200, 600}, 2.0 / 200, true},
        {"he_normal", {200, 600}, 2.0 / 200, false},
        {"lecun_uniform", {200, 600}, 1.0 / 200, true},
        {"lecun_normal", {200, 600}, 1.0 / 200, false},
        {"variance_scaling", {200, 600}, 1.0 / 200, false},
        {"glorot_uniform", {3, 5, 40, 100}, 2.0 / (15 * 140), true},  // a convolution's kernel
        {"he_normal", {3, 5, 40, 100}, 2.0 / (15 * 40), false},
        {"lecun_normal", {60000}, 1.0 / 60000, false},
    }));
    const DType dtype = GENERATE(float32, float64);
    INFO(row.name << " " << str(row.shape));
    Generator generator(11);
    const Tensor drawn = Initializer(row.name)(row.shape, dtype, generator);
    REQUIRE(drawn.shape() == row.shape);
    REQUIRE(drawn.dtype() == dtype);
    const Statistics s = statistics(drawn);
    const double stddev = std::sqrt(row.variance);
    const double limit = row.uniform ? std::sqrt(3.0) * stddev : 2 * stddev / 0.87962566;
    CHECK(s.stddev == Approx(stddev).epsilon(0.01));
    CHECK(std::abs(s.mean) < 0.015 * stddev);
    CHECK(s.most <= limit * (1 + 1e-6));
    CHECK(s.least >= -limit * (1 + 1e-6));
    CHECK(s.most > 0.98 * limit);
    CHECK(s.least < -0.98 * limit);
}

TEST_CASE("initializers: modes and distributions of variance_scaling", "[nn]") {
    Generator generator(5);
    const Statistics out =
        statistics(nn::init::variance_scaling(3, "fan_out", "uniform")({100, 400}, float64, generator));
    CHECK(out.stddev == Approx(std::sqrt(3.0 / 400)).epsilon(0.01));
    CHECK(out.most <= std::sqrt(9.0 / 400));
    const Statistics plain =
        statistics(nn::init::variance_scaling(1, "fan_avg", "untruncated_normal")({100, 400}, float64, generator));
    CHECK(plain.stddev == Approx(std::sqrt(1.0 / 250)).epsilon(0.02));
    CHECK(plain.most > 3 * plain.stddev);
    CHECK_THROWS_WITH(nn::init::variance_scaling(1, "fan_ni"), Contains("fan_in"));
    CHECK_THROWS_WITH(nn::init::variance_scaling(1, "fan_in", "cauchy"), Contains("distribution"));
    CHECK_THROWS_AS(nn::init::variance_scaling(0), ValueError);
}

TEST_CASE("initializers: constants and plain distributions", "[nn]") {
    Generator generator(7);
    CHECK(nn::init::zeros()({2, 3}).item<double>(5) == 0);
    CHECK(nn::init::ones()({2, 3}, float64).item<double>(5) == 1);
    CHECK(Initializer("constant")({1}).item<double>() == 0);
    CHECK(nn::init::constant(2.5)({3}).item<double>(2) == 2.5);
    const Statistics uniform = statistics(Initializer("uniform")({40000}, float32, generator));
    CHECK(uniform.least >= -0.05f);
    CHECK(uniform.least < -0.0499);
    CHECK(uniform.most > 0.0499);
    const Statistics normal = statistics(nn::init::normal(1, 2)({40000}, float64, generator));
    CHECK(normal.mean == Approx(1).epsilon(0.05));
    CHECK(normal.stddev == Approx(2).epsilon(0.02));
    const Statistics cut = statistics(nn::init::truncated_normal(1, 2)({40000}, float64, generator));
    CHECK(cut.least >= -3);
    CHECK(cut.most <= 5);
    CHECK(cut.stddev == Approx(2 * 0.87962566).epsilon(0.02));
    CHECK(nn::init::glorot_uniform()({0, 5}).shape() == Shape{0, 5});
    CHECK(nn::init::he_normal()({}).rank() == 0);
}

TEST_CASE("initializers: orthogonal has orthonormal columns or rows", "[nn]") {
    const Shape shape =
        GENERATE(values<Shape>({{5, 5}, {70, 40}, {40, 70}, {33, 132}, {1, 4}, {4, 1}, {3, 3, 4, 8}, {100, 100}}));
    INFO(str(shape));
    Generator generator(2);
    const Tensor drawn = nn::init::orthogonal(2)(shape, float64, generator);
    REQUIRE(drawn.shape() == shape);
    const std::int64_t columns = shape.back(), rows = shape.elements() / columns;
    const Tensor q = drawn.reshape({rows, columns});
    const Tensor gram = rows >= columns ? matmul(transpose(q), q) : matmul(q, transpose(q));
    const std::int64_t n = std::min(rows, columns);
    for (std::int64_t i = 0; i < n * n; ++i)
        REQUIRE(std::abs(gram.item<double>(i) - (i % (n + 1) == 0 ? 4.0 : 0.0)) < 1e-12);
}

TEST_CASE("initializers: orthogonal matrices are evenly distributed", "[nn]") {
    // QR without the change of signs gives matrices of [1, 1] that are all of one sign, and traces that are not
    // centred.
    Generator generator(9);
    double trace = 0, first = 0;
    for (int i = 0; i < 400; ++i) {
        const Tensor q = nn::init::orthogonal()({3, 3}, float64, generator);
        trace += q.item<double>(0) + q.item<double>(4) + q.item<double>(8);
        first += nn::init::orthogonal()({1, 1}, float64, generator).item<double>();
    }
    CHECK(std::abs(trace / 400) < 0.2);
    CHECK(std::abs(first / 400) < 0.2);
}

TEST_CASE("initializers: identity", "[nn]") {
    const Tensor wide = nn::init::identity(3)({2, 4});
    for (std::int64_t i = 0; i < 8; ++i) CHECK(wide.item<double>(i) == (i == 0 || i == 5 ? 3 : 0));
    CHECK_THROWS_AS(nn::init::identity()({2, 2, 2}), ShapeError);
    CHECK_THROWS_WITH(nn::init::orthogonal()({4}), Contains("[4]"));
}

TEST_CASE("initializers: the seed decides", "[nn]") {
    const std::string name =
        GENERATE(as<std::string>{}, "glorot_uniform", "he_normal", "orthogonal", "normal", "truncated_normal");
    const Initializer initializer(name);
    const auto draw = [&](std::uint64_t seed) {
        Generator generator(seed);
        return initializer({20, 30}, float32, generator);
    };
    const Tensor one = draw(1), again = draw(1), two = draw(2);
    bool same = true, differs = false;
    for (std::int64_t i = 0; i < 600; ++i) {
        same = same && one.item<float>(i) == again.item<float>(i);
        differs = differs || one.item<float>(i) != two.item<float>(i);
    }
    CHECK(same);
    CHECK(differs);
    Generator generator(1);
    const Tensor first = initializer({4, 4}, float32, generator), second = initializer({4, 4}, float32, generator);
    CHECK(first.item<float>(0) != second.item<float>(0));
    manual_seed(1);
    CHECK(initializer({20, 30}).item<float>(0) == one.item<float>(0));
}

TEST_CASE("initializers: names, classes and config", "[nn]") {
    CHECK(Initializer("glorot_uniform").keras_class() == "GlorotUniform");
    CHECK(Initializer("HeNormal").keras_class() == "HeNormal");
    CHECK(Initializer("zero").keras_class() == "Zeros");
    CHECK(Initializer("OrthogonalInitializer").config() == Initializer::Config{{"gain", 1}});
    CHECK(Initializer("random_uniform").config() == Initializer::Config{{"minval", -0.05}, {"maxval", 0.05}});
    const Initializer scaled =
        Initializer::from_config("VarianceScaling", {{"scale", 2}, {"seed", 4}}, {{"distribution", "normal"}});
    CHECK(scaled.config() == Initializer::Config{{"scale", 2}});
    CHECK(scaled.words() == Initializer::Words{{"mode", "fan_in"}, {"distribution", "truncated_normal"}});
    CHECK(Initializer::from_config("Constant", {{"value", 3}})({1}).item<double>() == 3);
    CHECK_THROWS_WITH(Initializer("glorot_unifrom"), Contains("Did you mean 'glorot_uniform'?") && Contains("zeros"));
    CHECK_THROWS_AS(Initializer("nothing"), ValueError);
}

TEST_CASE("initializers: a function of one's own", "[nn]") {
    Initializer own = [](const Shape& shape, DType dtype, Generator&) { return full(shape, 4, dtype); };
    Initializer copy = own;
    CHECK(copy({2}, float64).item<double>(1) == 4);
    CHECK(own.keras_class().empty());
    const Initializer wrong = [](const Shape&, DType, Generator&) { return zeros({3}); };
    CHECK_THROWS_WITH(wrong({2}), Contains("[2]") && Contains("[3]"));
    CHECK_THROWS_AS(wrong({3}, float64), ShapeError);
}
