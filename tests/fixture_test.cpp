// The fixtures can be read, and what is read is what Keras meant: one case of each kind is computed here by hand.
#include "catch.hpp"
#include "fixture.hpp"

#include <cmath>

using weft::testing::Fixture;
using weft::testing::Values;

TEST_CASE("fixtures: a dense layer's output is input times kernel plus bias") {
    Fixture file("layers");
    REQUIRE(file.text("dense", "class") == "Dense");
    REQUIRE(file.text("dense", "arguments") == R"({"units": 5})");
    const Values x = file.values("dense/input"), y = file.values("dense/output"), dy = file.values("dense/dy");
    const std::vector<Values> weights = file.list("dense/weights"), slopes = file.list("dense/grad_weights");
    REQUIRE(x.shape == std::vector<std::int64_t>{4, 7});
    REQUIRE(weights.size() == 2);
    REQUIRE(weights[0].shape == std::vector<std::int64_t>{7, 5});
    for (int n = 0; n < 4; ++n)
        for (int j = 0; j < 5; ++j) {
            double sum = weights[1].data[j];
            for (int i = 0; i < 7; ++i) sum += x.data[n * 7 + i] * weights[0].data[i * 5 + j];
            CHECK(sum == Approx(y.data[n * 5 + j]).epsilon(1e-12));
        }
    for (int j = 0; j < 5; ++j) {
        double sum = 0;
        for (int n = 0; n < 4; ++n) sum += dy.data[n * 5 + j];
        CHECK(sum == Approx(slopes[1].data[j]).epsilon(1e-12));
    }
}

TEST_CASE("fixtures: sgd's first step is start minus rate times gradient") {
    Fixture file("optimizers");
    const Values start = file.values("start/0"), gradients = file.values("gradients/0"),
                 after = file.values("cases/sgd/parameters/0");
    REQUIRE(after.shape == std::vector<std::int64_t>{10, 3, 4});
    for (int i = 0; i < 12; ++i)
        CHECK(start.data[i] - 0.01 * gradients.data[i] == Approx(after.data[i]).epsilon(1e-7));
}

TEST_CASE("fixtures: integers are marked, what is absent is named") {
    CHECK(Fixture("losses").values("sparse_categorical_crossentropy/y_true").integer);
    CHECK_FALSE(Fixture("losses").values("sparse_categorical_crossentropy/y_pred").integer);
    CHECK_FALSE(Fixture("losses").has("no_such_loss/y_true"));
    CHECK_THROWS_WITH(Fixture("losses").values("no_such_loss/y_true"), Catch::Contains("no_such_loss"));
    CHECK_THROWS_WITH(Fixture("nowhere"), Catch::Contains("nowhere.h5"));
}
