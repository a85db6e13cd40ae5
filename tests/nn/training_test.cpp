// fit, evaluate and predict: against Keras step for step, the same bits from the same seed, and bad input.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>
#include <weft/optim/optim.hpp>

using namespace weft;
using weft::testing::distance;
using weft::testing::error_of;
using weft::testing::Fixture;
using nlohmann::json;

namespace {

optim::Settings optimizer_settings(const json& arguments) {
    optim::Settings settings;
    for (const auto& [key, value] : arguments.items()) settings.emplace_back(key, value.get<double>());
    return settings;
}

void follow(const Fixture& file, const std::string& name) {
    INFO(name);
    const std::string at = "cases/" + name + "/", data = file.text("cases/" + name, "data") + "/";
    const auto text = [&](const char* key) { return file.text("cases/" + name, key); };
    const DType dtype = name.find("float32") != std::string::npos ? float32 : float64;
    const double tolerance = dtype == float32 ? 1e-5 : 2e-6;  // TensorFlow rounds powers of Adam's betas to float32
    const Tensor x = testing::to_tensor(file.values(data + "x"), dtype),
                 y = testing::to_tensor(file.values(data + "y"), dtype);
    const Tensor weights = testing::to_tensor(file.values(data + "sample_weight"), dtype);
    const auto head = [](const Tensor& t) { return slice(t, 0, 0, 50); };
    const auto tail = [](const Tensor& t) { return slice(t, 0, 50, 70); };

    nn::Sequential model;
    model.to(dtype);
    const json layers = json::parse(text("layers"));
    for (std::size_t i = 0; i < layers.size(); ++i) {
        nn::Layer layer = nn::make_layer(layers[i][0].get<std::string>(), layers[i][1]);
        layer->to(dtype);
        if (i == 0) {
            Shape shape = x.shape();
            shape.erase(0);
            layer->state()->input_shape = shape;
        }
        model.add(layer);
    }
    const auto start = file.list(at + "start"), end = file.list(at + "end");
    const auto parameters = model.parameters();
    REQUIRE(parameters.size() == start.size());
    for (std::size_t i = 0; i < start.size(); ++i) Tensor(parameters[i]).assign(testing::to_tensor(start[i], dtype));

    const bool regression = name.starts_with("regression");
    const nn::Metrics metrics{regression ? "mae" : "accuracy"};
    model.compile({.optimizer = nn::OptimizerChoice(text("optimizer"),
                                                    optimizer_settings(json::parse(text("optimizer_arguments")))),
                   .loss = text("loss"),
                   .metrics = metrics,
                   .weighted_metrics = metrics});
    const json given = json::parse(text("options"));
    nn::FitOptions options{.epochs = 3, .batch_size = 16, .verbose = 0, .shuffle = false};
    if (given.contains("validation_split")) options.validation_split = given["validation_split"];
    else options.validation_data = {tail(x), tail(y), given.contains("validation_weight") ? tail(weights) : Tensor()};
    if (given.contains("sample_weight")) options.sample_weight = head(weights);
    if (given.contains("class_weight"))
        for (const auto& [label, weight] : given["class_weight"].items())
            options.class_weight[std::stoll(label)] = weight;
    const nn::History history = model.fit(head(x), head(y), options);

    for (const std::string& key : file.names(at + "history")) {
        INFO(key);
        const auto expected = file.values(at + "history/" + key).data;
        REQUIRE(history.contains(key));
        REQUIRE(history[key].size() == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i)
            CHECK(history[key][i] == Approx(expected[i]).margin(20 * tolerance));
    }
    for (std::size_t i = 0; i < end.size(); ++i)
        CHECK(distance(parameters[i], testing::to_tensor(end[i])) <= 10 * tolerance);
    CHECK(distance(model.predict(tail(x)), testing::to_tensor(file.values(at + "predictions"))) <= 10 * tolerance);
    const nn::Logs result = model.evaluate(tail(x), tail(y), {.batch_size = 7});
    for (const std::string& key : file.names(at + "evaluate"))
        CHECK(result[key] == Approx(file.values(at + "evaluate/" + key).data[0]).margin(20 * tolerance));
}

nn::Sequential small_classifier(std::int64_t inputs = 4) {
    return nn::Sequential{nn::Linear(8, {.activation = "relu", .input_shape = {inputs}}), nn::Dropout(0.2),
                          nn::Linear(3, {.activation = "softmax"})};
}

struct Toy {
    Tensor x = random::normal({60, 4}), y = argmax(slice(x, 1, 0, 3), -1);
};

}  // namespace

TEST_CASE("fit: follows Keras through three epochs") {
    const Fixture file("training");
    const auto names = file.names("cases");
    REQUIRE(names.size() > 10);
    for (const std::string& name : names) follow(file, name);
}

TEST_CASE("fit: follows Keras with regularizers and constraints") {
    const Fixture file("regularizers");
    for (const std::string& name : file.names("cases")) follow(file, name);
}

TEST_CASE("fit: the same seed gives the same bits, on one thread and two") {
    const auto train = [](std::uint64_t seed, int threads) {
        set_num_threads(threads);
        manual_seed(seed);
        Toy toy;
        nn::Sequential model = small_classifier();
        model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy"});
        model.fit(toy.x, toy.y, {.epochs = 3, .batch_size = 7, .verbose = 0});
        set_num_threads(0);
        return model.parameters()[0].detach();
    };
    CHECK(distance(train(5, 1), train(5, 1)) == 0);
    CHECK(distance(train(5, 2), train(5, 2)) == 0);
    CHECK(distance(train(5, 1), train(6, 1)) > 0);
}

TEST_CASE("fit: initial_epoch, callable losses, optimizers as objects, a fresh optimizer at each compile") {
    manual_seed(1);
    Toy toy;
    nn::Sequential model{nn::Linear(3, {.input_shape = {4}})};
    const auto loss = [](const Tensor& y_true, const Tensor& y_pred) { return mean(square(y_pred - y_true), {-1}); };
    const optim::SGD sgd({.lr = 0.05, .momentum = 0.9});
    model.compile({.optimizer = sgd, .loss = loss});
    const nn::History history = model.fit(toy.x, one_hot(toy.y, 3), {.epochs = 5, .verbose = 0, .initial_epoch = 3});
    CHECK(history.epochs() == std::vector<int>{3, 4});
    CHECK(history["loss"][1] < history["loss"][0]);
    CHECK(model.optimizer().iterations() == 4);
    model.compile({.optimizer = sgd, .loss = loss});
    CHECK(model.optimizer().iterations() == 0);
    CHECK_THAT(error_of<ValueError>([&] { history["los"]; }), Catch::Contains("Did you mean 'loss'"));
}

TEST_CASE("fit: a class of one's own, and a source of one's own") {
    struct Net : nn::Model {
        nn::Linear in = module("in", nn::Linear(8, {.activation = "relu"}));
        nn::Linear out = module("out", nn::Linear(3));
        Tensor forward(const Tensor& x) override { return softmax(out(in(x))); }
    };
    struct Source : data::Source {
        Toy toy;
        int left = 0;
        bool fail = false;
        void begin_epoch(std::int64_t) override { left = 5; }
        bool next(Tensors& batch) override {
            if (fail && left == 3) throw std::runtime_error("the wire broke");
            if (left-- == 0) return false;
            batch = {toy.x, toy.y};
            return true;
        }
    };
    manual_seed(2);
    Net net;
    Toy toy;
    net.compile(
        {.optimizer = optim::Adam({.lr = 0.01}), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
    const nn::History first = net.fit(toy.x, toy.y, {.epochs = 30, .batch_size = 10, .verbose = 0});
    CHECK(first["accuracy"].back() > 0.8);
    Source source;
    net.fit(source, {.epochs = 1, .verbose = 0});
    const auto steps = net.optimizer().iterations();
    source.fail = true;
    CHECK_THROWS_AS(net.fit(source, {.epochs = 1, .verbose = 0}), std::runtime_error);
    CHECK(net.optimizer().iterations() == steps + 2);  // as of the last complete step
}

TEST_CASE("fit: bad input is told before the first step") {
    manual_seed(3);
    Toy toy;
    nn::Sequential model = small_classifier();
    CHECK_THAT(error_of<ValueError>([&] { model.fit(toy.x, toy.y); }), Catch::Contains("compile it first"));
    model.compile({.optimizer = "adam", .loss = "categorical_crossentropy"});
    const Tensor before = model.parameters()[0].detach() * 1;
    const auto fit_error = [&](const Tensor& x, const Tensor& y, const nn::FitOptions& options = {.verbose = 0}) {
        return error_of<Error>([&] { model.fit(x, y, options); });
    };
    const std::string labels = fit_error(toy.x, toy.y);
    CHECK_THAT(labels, Catch::Contains("sparse_categorical_crossentropy"));
    CHECK_THAT(labels, Catch::Contains("one_hot"));
    CHECK_THAT(fit_error(toy.x, one_hot(slice(toy.y, 0, 0, 50), 3)),
               Catch::Contains("equally many samples; received float32 [60, 4] and float32 [50, 3]"));
    CHECK_THAT(fit_error(random::normal({60, 5}), one_hot(toy.y, 3)),
               Catch::Contains("Dense 'dense': expects [batch, ..., 4]; received [None, 5]"));
    model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy"});
    CHECK_THAT(fit_error(toy.x, toy.y + 1), Catch::Contains("3"));
    CHECK_THAT(fit_error(toy.x, toy.y, {.verbose = 0, .validation_split = 1}), Catch::Contains("validation_split"));
    CHECK_THAT(fit_error(toy.x, toy.y, {.verbose = 0, .class_weight = {{0, 1.0}}}),
               Catch::Contains("no entry for class"));
    CHECK_THAT(fit_error(toy.x, toy.y, {.verbose = 0, .sample_weight = ones({5})}), Catch::Contains("sample_weight"));
    CHECK_THAT(fit_error(toy.x, toy.y, {.batch_size = 0, .verbose = 0}), Catch::Contains("batch_size"));
    CHECK(distance(model.parameters()[0], before) == 0);
    CHECK_THAT(error_of<ValueError>([&] { model.compile({.optimizer = "adamm", .loss = "mse"}); }),
               Catch::Contains("Did you mean 'adam'"));
    CHECK_THAT(error_of<ValueError>([&] { model.compile({.optimizer = "adam", .loss = "msee"}); }),
               Catch::Contains("mse"));
    CHECK_THAT(
        error_of<ValueError>([&] { model.compile({.optimizer = "adam", .loss = "mse", .metrics = {"acuracy"}}); }),
        Catch::Contains("accuracy"));
    CHECK_THAT(error_of<ValueError>([] { nn::Linear(3, {.activation = "rellu"}); }),
               Catch::Contains("Did you mean 'relu'"));
}

TEST_CASE("fit: a loss or gradient that is not finite stops before the update") {
    manual_seed(4);
    Toy toy;
    nn::Sequential model{nn::Linear(1, {.input_shape = {4}})};
    model.compile({.optimizer = "sgd", .loss = "mse"});
    const Tensor before = model.parameters()[0].detach() * 1;
    Tensor x = toy.x * 1;
    x.mutable_array<float>()(9, 2) = NAN;
    const std::string message = error_of<NotFiniteError>([&] {
        model.fit(x, ones({60, 1}), {.epochs = 1, .batch_size = 60, .verbose = 0, .shuffle = false});
    });
    CHECK_THAT(message, Catch::Contains("epoch 1, step 1"));
    CHECK(distance(model.parameters()[0], before) == 0);
    // The loss is finite, its derivative is not.
    const auto root = [](const Tensor&, const Tensor& y_pred) { return mean(sqrt(abs(y_pred * 0)), {-1}); };
    model.compile({.optimizer = "sgd", .loss = root});
    CHECK_THAT(error_of<NotFiniteError>([&] {
                   model.fit(toy.x, ones({60, 1}), {.verbose = 0});
               }),
               Catch::Contains("gradient is not finite"));
    CHECK(distance(model.parameters()[0], before) == 0);
}

TEST_CASE("fit: the tutorial's three wrong snippets give an error") {
    const Tensor images = zeros({8, 28, 28});
    nn::Sequential cnn{nn::Conv2d(4, {3, 3}, {.input_shape = {28, 28, 1}}), nn::Flatten(),
                       nn::Linear(10, {.activation = "softmax"})};
    cnn.compile({.optimizer = "adam", .loss = "mse"});
    const std::string channel = error_of<ShapeError>([&] { cnn.fit(images, zeros({8, 10}), {.verbose = 0}); });
    CHECK_THAT(
        channel,
        Catch::Contains(
            "Conv2D 'conv2d': expects [batch, height, width, 1]; received [None, 28, 28]. Add the channel axis"));
    CHECK_THAT(error_of<ShapeError>([&] { cnn(images); }), Catch::Contains("[8, 28, 28]"));
    CHECK_THAT(error_of<ShapeError>([] {
                   nn::Conv2d(64, {3, 3}, {.input_shape = {10, 1}});
               }),
               Catch::Contains("received [10, 1]"));
    const Tensor with_channel = images.reshape({8, 28, 28, 1});
    const std::string target = error_of<ShapeError>([&] { cnn.fit(with_channel, with_channel, {.verbose = 0}); });
    CHECK_THAT(target, Catch::Contains("[8, 28, 28, 1]"));
    CHECK_THAT(target, Catch::Contains("[None, 10]"));
    CHECK_THAT(error_of<ShapeError>([] {
                   nn::Sequential{nn::Conv2d(2, 5, {.input_shape = {4, 4, 1}})};
               }),
               Catch::Contains("no room"));
}

TEST_CASE("predict: batches join, rows do not depend on the batch, nothing is recorded") {
    manual_seed(5);
    nn::Sequential model = small_classifier();
    const Tensor x = random::normal({23, 4});
    const Tensor whole = model.predict(x, {.batch_size = 23});
    CHECK(distance(model.predict(x, {.batch_size = 4}), whole) <= 1e-5);
    CHECK_FALSE(whole.requires_grad());
    CHECK(model.predict(slice(x, 0, 0, 0)).shape() == Shape{0, 3});
    CHECK_THROWS_AS(model.predict(x, {.batch_size = 0}), ValueError);
    CHECK_THROWS_AS(model.predict(Tensor()), ShapeError);
}

TEST_CASE("summary: names, shapes, numbers of parameters") {
    nn::Sequential model{nn::Conv2d(32, {3, 3}, {.input_shape = {28, 28, 1}}), nn::MaxPool2d(), nn::Flatten(),
                         nn::Linear(128)};
    const std::string text = model.summary_text();
    for (const char* part : {"conv2d (Conv2D)", "[None, 26, 26, 32]", "320", "692,352", "692,672", "max_pooling2d"})
        CHECK_THAT(text, Catch::Contains(part));
}

TEST_CASE("evaluate: from a source, as from memory", "[training]") {
    nn::Sequential model{nn::Linear(3, {.activation = "softmax", .input_shape = {4}})};
    model.compile({.loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}, .weighted_metrics = {"acc"}});
    const Tensor x = random::normal({50, 4}), y = random::integers({50}, 0, 3), weight = random::uniform({50});
    data::Loader loader({x, y, weight}, {.batch_size = 16});
    const nn::Logs from_source = model.evaluate(loader),
                   from_memory = model.evaluate(x, y, {.batch_size = 16, .sample_weight = weight});
    REQUIRE(from_source.values() == from_memory.values());
    data::Loader empty({slice(x, 0, 0, 0), slice(y, 0, 0, 0)});
    CHECK(error_of<ValueError>([&] { model.evaluate(empty); }).find("evaluate: the source gave no batch") == 0);
    CHECK(error_of<ValueError>([&] {
              model.evaluate(loader, {.sample_weight = weight});
          }).find("evaluate: sample_weight") == 0);
    nn::Sequential without{nn::Linear(3, {.input_shape = {4}})};
    CHECK(error_of<ValueError>([&] { without.evaluate(loader); }).find("compile") != std::string::npos);
}
