// Regularizers and constraints: Keras's numbers, and Keras's files in all versions.
#include "../catch.hpp"
#include "../temporary_folder.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>

#include <thread>

using namespace weft;
using nlohmann::json;
using weft::testing::distance;
using weft::testing::error_of;
using weft::testing::Fixture;

TEST_CASE("regularizers: penalties and gradients are Keras's") {
    const Fixture file("regularizers");
    for (const std::string& name : file.names("regularizers")) {
        INFO(name);
        const std::string at = "regularizers/" + name;
        const auto regularizer = nn::Regularizer::from_config(json::parse(file.text(at, "config")));
        Tensor x = testing::to_tensor(file.values(at + "/x"));
        x.set_requires_grad();
        const Tensor penalty = regularizer(x);
        penalty.backward();
        // Keras rounds the factors to float32.
        CHECK(distance(penalty, testing::to_tensor(file.values(at + "/penalty"))) <= 1e-7);
        CHECK(distance(x.grad(), testing::to_tensor(file.values(at + "/gradient"))) <= 1e-7);
        const auto again = nn::Regularizer::from_config(regularizer.config());
        CHECK(distance(again(x), penalty) == 0);
    }
}

TEST_CASE("constraints: projections are Keras's") {
    const Fixture file("regularizers");
    for (const std::string& name : file.names("constraints")) {
        INFO(name);
        const std::string at = "constraints/" + name;
        const auto constraint = nn::Constraint::from_config(json::parse(file.text(at, "config")));
        const Tensor weight = testing::to_tensor(file.values(at + "/weight"));
        CHECK(distance(constraint(weight), testing::to_tensor(file.values(at + "/projected"))) <= 1e-12);
        const auto again = nn::Constraint::from_config(constraint.config());
        CHECK(distance(again(weight), constraint(weight)) == 0);
    }
}

TEST_CASE("regularizers and constraints: what each version of Keras writes is read") {
    const Tensor w = tensor({3, -4}, {2, 1}, float64);
    const auto penalty = [&](const char* text) { return nn::Regularizer::from_config(json::parse(text))(w).item<double>(); };
    CHECK(penalty(R"("l2")") == Approx(0.25));
    CHECK(penalty(R"("L1")") == Approx(0.07));
    CHECK(penalty(R"({"name": "WeightRegularizer", "l1": 0.0, "l2": 0.1})") == Approx(2.5));
    CHECK(penalty(R"({"name": "L1L2Regularizer", "l1": 1.0, "l2": 0.0})") == Approx(7));
    CHECK(penalty(R"({"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.1}})") == Approx(2.5));
    CHECK(penalty(R"({"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.2}, "registered_name": null})") == Approx(5));
    CHECK_FALSE(nn::Regularizer::from_config(nullptr).defined());
    const auto first = [&](const char* text) { return nn::Constraint::from_config(json::parse(text))(w).item<double>(0); };
    CHECK(first(R"({"name": "MaxNorm", "m": 2.5, "axis": 0})") == Approx(1.5));
    CHECK(first(R"({"class_name": "MaxNorm", "config": {"max_value": 2.5, "axis": [0, 1]}})") == Approx(1.5));
    CHECK(first(R"("unit_norm")") == Approx(0.6));
    CHECK(first(R"("UnitNorm")") == Approx(0.6));
    CHECK_FALSE(nn::Constraint::from_config(nullptr).defined());
}

TEST_CASE("regularizers and constraints: bad input is told") {
    CHECK_THAT(error_of<ValueError>([] { nn::Regularizer("l3"); }), Catch::Contains("none named 'l3'") && Catch::Contains("l2"));
    CHECK_THAT(error_of<ValueError>([] { nn::Constraint("max_nrom"); }), Catch::Contains("Did you mean 'max_norm'"));
    CHECK_THROWS_AS(nn::regularizers::l2(-1), ValueError);
    CHECK_THROWS_AS(nn::regularizers::orthogonal(1, "diagonal"), ValueError);
    CHECK_THROWS_AS(nn::constraints::min_max_norm(2, 1), ValueError);
    CHECK_THROWS_AS(nn::Regularizer::from_config(json::parse(R"({"class_name": "L2", "config": {"l2": "much"}})")), ValueError);
    CHECK_THROWS_AS(nn::Regularizer::from_config(7), ValueError);
    CHECK_THROWS_AS(nn::Regularizer([](const Tensor& x) { return x; })(ones({2})), ShapeError);
    CHECK_THROWS_AS(nn::Constraint([](const Tensor& x) { return sum(x); })(ones({2})), ShapeError);
    const json unknown = json::parse(R"({"units": 2, "name": "code", "kernel_regularizer": {"class_name": "Mine", "config": {}}})");
    CHECK_THAT(error_of<ValueError>([&] { nn::make_layer("Dense", unknown); }), Catch::Contains("'kernel_regularizer'") && Catch::Contains("Mine"));
}

TEST_CASE("regularizers: penalties of the weights that train, and of results within a scope") {
    nn::Linear layer(2, {.use_bias = false, .kernel_initializer = "ones", .kernel_regularizer = nn::regularizers::l2(0.5),
                         .activity_regularizer = "l1", .input_shape = {3}});
    nn::Sequential model{layer};
    const Tensor x = ones({4, 3});
    REQUIRE(model.penalties().size() == 1);
    CHECK(model.penalties()[0].item<double>() == Approx(3));
    model(x);  // nobody collects
    {
        const nn::LossScope added;
        std::thread([&] { model(x); }).join();  // another thread's business
        CHECK(added.losses().empty());
        model(x);
        REQUIRE(added.losses().size() == 1);
        CHECK(added.total().item<double>() == Approx(0.01 * 24 / 4));
    }
    model.set_trainable(false);
    CHECK(model.penalties().empty());
}

TEST_CASE("constraints: hold after each update, not for frozen weights") {
    nn::Sequential model{nn::Linear(3, {.kernel_constraint = nn::constraints::max_norm(0.1), .bias_constraint = "non_neg", .input_shape = {2}})};
    model.compile({.optimizer = "sgd", .loss = "mse"});
    const Tensor x = random::normal({8, 2}), y = random::normal({8, 3}) - 1;
    model.train_on_batch(x, y);
    const Tensor kernel = model.parameters()[0], bias = model.parameters()[1];
    CHECK(max(sum(square(kernel), {0})).item<double>() <= 0.0101);
    CHECK(min(bias).item<double>() >= 0);
    Tensor(kernel).assign(ones({2, 3}));
    model.set_trainable(false);
    model.constrain();
    CHECK(max(kernel).item<double>() == 1);
}

TEST_CASE("regularizers and constraints survive a file") {
    const testing::TemporaryFolder folder;
    nn::Sequential model{nn::Conv2d(2, 3, {.kernel_regularizer = "l1", .kernel_constraint = nn::constraints::max_norm(1, {0, 1, 2}), .input_shape = {5, 5, 1}}),
                         nn::Flatten(), nn::Linear(2, {.bias_regularizer = nn::regularizers::l2(0.3), .activity_regularizer = "l2"})};
    model.save((folder / "m.h5").string());
    const nn::Model loaded = nn::load_model((folder / "m.h5").string());
    const auto layers = model.layers(), others = loaded.layers();
    for (std::size_t i = 0; i < layers.size(); ++i) CHECK(layers[i]->config() == others[i]->config());
    CHECK(loaded.penalties().size() == 2);
    CHECK(loaded.layers()[2]->config()["activity_regularizer"]["config"]["l2"] == 0.01);
}
