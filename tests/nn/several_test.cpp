// Training models of several inputs and outputs: against Keras step for step, every way to say it, and bad input.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>
#include <weft/optim/optim.hpp>

#include <thread>

using namespace weft;
using weft::testing::distance;
using weft::testing::error_of;
using weft::testing::Fixture;
using nlohmann::json;

namespace {

// As in fixture_functional.py.
nn::Model model_of_two() {
    nn::Symbol a = nn::Input({4}, {.name = "a"}), b = nn::Input({4}, {.name = "b"});
    nn::Linear tower(6, {.activation = "tanh", .name = "tower"});
    nn::Symbol ya = tower(a), yb = tower(b);
    nn::Symbol both = nn::Concatenate()({ya, yb});
    nn::Symbol hidden = nn::Linear(12, {.activation = "tanh"})(both) + both;
    nn::Symbol price = nn::Linear(2, {.name = "price"})(ya - ya * yb);
    nn::Symbol kind = nn::Linear(3, {.activation = "softmax", .name = "kind"})(hidden);
    return nn::Model({a, b}, {price, kind});
}

const char* const sparse = "sparse_categorical_crossentropy";

struct Data {
    Tensor a = random::normal({40, 4}), b = random::normal({40, 4});
    Tensor price = slice(a, 1, 0, 2) - slice(b, 1, 2, 4), kind = argmax(slice(a + b, 1, 0, 3), -1);
};

struct Case {
    nn::CompileOptions compile;
    nn::Feed weight;
};

Case case_named(const std::string& name, const Tensor& first, const Tensor& second) {
    nn::CompileOptions options{.optimizer = optim::Adam({.lr = 0.03125, .beta_1 = 0.875, .beta_2 = 0.9375}),
                               .loss = {"mse", sparse}};
    if (name == "plain") {
        options.metrics = {{"mae"}, {"accuracy"}};
        return {options, {}};
    }
    if (name == "weights") {
        options.loss_weights = {0.25, 2.0};
        options.metrics = {{"kind", {"accuracy"}}};
        options.weighted_metrics = {{"kind", {"accuracy"}}, {"price", "mae"}};
        return {options, {first, second}};
    }
    if (name == "shared_weight") return {options, first};
    options.loss = {{"kind", sparse}};
    options.metrics = {{"kind", "accuracy"}};
    return {options, {}};
}

}  // namespace

TEST_CASE("several outputs: fit follows Keras") {
    const Fixture file("functional");
    const auto data = [&](const char* name) { return testing::to_tensor(file.values(std::string("data/") + name)); };
    const auto head = [](const Tensor& t) { return slice(t, 0, 0, 50); };
    const auto tail = [](const Tensor& t) { return slice(t, 0, 50, 70); };
    const Tensor a = data("a"), b = data("b"), price = data("price"), kind = data("kind");
    for (const std::string& name : file.names("cases")) {
        INFO(name);
        nn::Model model = model_of_two();
        model.to(float64);
        std::vector<std::string> layers = model.graph().input_names;
        for (const nn::GraphNode* node : model.graph().layers()) layers.push_back(node->name);
        CHECK(layers == json::parse(file.text("cases/" + name, "layers")).get<std::vector<std::string>>());
        const auto start = file.list("start");
        const Tensors parameters = model.parameters();
        REQUIRE(parameters.size() == start.size());
        for (std::size_t i = 0; i < start.size(); ++i) Tensor(parameters[i]).assign(testing::to_tensor(start[i]));
        const Case given = case_named(name, head(data("weight_0")), head(data("weight_1")));
        model.compile(given.compile);
        const nn::History history = model.fit({head(a), head(b)}, {head(price), head(kind)},
                                              {.epochs = 3, .batch_size = 16, .verbose = 0,
                                               .validation_data = {{tail(a), tail(b)}, {tail(price), tail(kind)}},
                                               .shuffle = false, .sample_weight = given.weight});
        const std::string at = "cases/" + name + "/";
        const auto keys = file.names(at + "history");
        CHECK(history.names().size() == keys.size());
        for (const std::string& key : keys) {
            INFO(key);
            REQUIRE(history.contains(key));
            const auto expected = file.values(at + "history/" + key).data;
            for (std::size_t i = 0; i < expected.size(); ++i)
                CHECK(history[key][i] == Approx(expected[i]).margin(2e-5));
        }
        const auto end = file.list(at + "end"), results = file.list(at + "predictions");
        for (std::size_t i = 0; i < end.size(); ++i) CHECK(distance(parameters[i], testing::to_tensor(end[i])) <= 2e-5);
        const Tensors predicted = model.predict_all({tail(a), tail(b)}, {.batch_size = 7});
        for (std::size_t i = 0; i < results.size(); ++i)
            CHECK(distance(predicted[i], testing::to_tensor(results[i])) <= 2e-5);
    }
}

TEST_CASE("merge: results and gradients are Keras's") {
    const Fixture file("functional");
    for (const std::string& name : file.names("merge")) {
        INFO(name);
        const std::string at = "merge/" + name + "/";
        const nn::Layer layer =
            nn::make_layer(file.text("merge/" + name, "class"), json::parse(file.text("merge/" + name, "config")));
        Tensors inputs;
        nn::Shapes shapes;
        for (const auto& values : file.list(at + "inputs")) {
            inputs.push_back(testing::to_tensor(values));
            inputs.back().set_requires_grad();
            shapes.push_back(inputs.back().shape());
        }
        const Tensor y = layer(inputs)[0];
        CHECK(distance(y, testing::to_tensor(file.values(at + "output"))) <= 1e-9);
        CHECK(layer->output_shapes(shapes)[0] == y.shape());
        sum(y * testing::to_tensor(file.values(at + "dy"))).backward();
        const auto gradients = file.list(at + "gradients");
        for (std::size_t i = 0; i < inputs.size(); ++i)
            CHECK(distance(inputs[i].grad(), testing::to_tensor(gradients[i])) <= 1e-9);
    }
}

TEST_CASE("merge: steps that count in any input count in the result") {
    const Tensor one = tensor(std::vector<double>{1, 1, 0, 0}, {1, 4}, boolean),
                 two = tensor(std::vector<double>{1, 0, 1, 0}, {1, 4}, boolean);
    Tensor a = full({1, 4, 1}, 2), b = full({1, 4, 1}, 3);
    nn::set_mask(a, one);
    nn::set_mask(b, two);
    const auto elements = [](const Tensor& x) {
        std::vector<double> all;
        for (std::int64_t i = 0; i < x.elements(); ++i) all.push_back(x.item<double>(i));
        return all;
    };
    const Tensor product = nn::Multiply()(Tensors{a, b})[0];
    CHECK(elements(product) == std::vector<double>{6, 2, 3, 0});
    CHECK(elements(nn::mask_of(product)) == std::vector<double>{1, 1, 1, 0});
    CHECK(elements(nn::Maximum()(Tensors{a, b})[0]) == std::vector<double>{3, 2, 3, 2});
    CHECK_FALSE(nn::mask_of(nn::Add()(Tensors{a, full({1, 4, 1}, 1)})[0]).defined());
    CHECK(elements(nn::mask_of(nn::Concatenate({.axis = 1})(Tensors{a, full({1, 1, 1}, 1)})[0])) ==
          std::vector<double>{1, 1, 0, 0, 1});
    CHECK(elements(nn::mask_of(nn::Concatenate()(Tensors{a, b})[0])) == std::vector<double>{1, 1, 1, 0});
}

TEST_CASE("several outputs: by name, by list, from a source, in threads") {
    manual_seed(1);
    Data d;
    const auto trained = [&](const auto& fit) {
        manual_seed(7);
        nn::Model model = model_of_two();
        model.compile(
            {.optimizer = "adam", .loss = {{"kind", sparse}, {"price", "mse"}}, .loss_weights = {{"kind", 0.5}}});
        fit(model);
        return model.parameters()[0].detach();
    };
    const nn::FitOptions options{.epochs = 2, .verbose = 0, .shuffle = false};
    const Tensor by_list = trained([&](nn::Model& m) { m.fit({d.a, d.b}, {d.price, d.kind}, options); });
    const Tensor by_name = trained([&](nn::Model& m) {
        m.fit({{"b", d.b}, {"a", d.a}}, {{"kind", d.kind}, {"price", d.price}}, options);
    });
    CHECK(distance(by_list, by_name) == 0);
    const Tensor by_source = trained([&](nn::Model& m) {
        data::Loader loader({d.a, d.b, d.price, d.kind}, {.batch_size = 32});
        m.fit(loader, options);
        CHECK(m.evaluate(loader)["loss"] == Approx(m.evaluate({d.a, d.b}, {d.price, d.kind})["loss"]));
    });
    CHECK(distance(by_list, by_source) == 0);

    nn::Model model = model_of_two();
    const Tensors whole = model.predict_all({d.a, d.b});
    std::vector<double> differences(4, 1);
    std::vector<std::thread> threads;
    for (double& difference : differences)
        threads.emplace_back([&] { difference = distance(model.predict_all({d.a, d.b})[1], whole[1]); });
    for (std::thread& thread : threads) thread.join();
    CHECK(differences == std::vector<double>(4, 0));
    CHECK_THAT(error_of<ValueError>([&] {
                   model.predict({d.a, d.b});
               }),
               Catch::Contains("has 2 outputs; predict_all()"));
}

TEST_CASE("several outputs: bad input is told before the first step") {
    manual_seed(2);
    Data d;
    nn::Model model = model_of_two();
    const auto compile_error = [&](const nn::CompileOptions& options) {
        return error_of<ValueError>([&] { model.compile(options); });
    };
    CHECK_THAT(compile_error({.loss = {{"prise", "mse"}}}),
               Catch::Contains("no output 'prise'. Did you mean 'price'?"));
    CHECK_THAT(compile_error({.loss = {"mse", "mse", "mse"}}), Catch::Contains("has 2 outputs; received a list of 3"));
    CHECK_THAT(compile_error({.loss = "mse", .loss_weights = {{"knd", 1.0}}}), Catch::Contains("Did you mean 'kind'?"));
    CHECK_THAT(compile_error({.loss = "mse", .metrics = {"accuracy"}}), Catch::Contains("an entry for each"));
    CHECK_THAT(compile_error({.loss = "mse", .metrics = {{"price", "mae"}, {"kid", "accuracy"}}}),
               Catch::Contains("no output 'kid'. Did you mean 'kind'?"));
    CHECK_THAT(compile_error({.loss = "mse", .metrics = {{"price", "mea"}}}), Catch::Contains("Did you mean 'mae'?"));
    model.compile({.optimizer = "adam", .loss = {"mse", sparse}, .metrics = {{}, {"accuracy"}}});
    const Tensor before = model.parameters()[0].detach() * 1;
    const auto fit_error = [&](const nn::Feed& x, const nn::Feed& y, const nn::FitOptions& options = {.verbose = 0}) {
        return error_of<Error>([&] { model.fit(x, y, options); });
    };
    CHECK_THAT(fit_error(d.a, {d.price, d.kind}), Catch::Contains("takes 2 inputs; received 1"));
    CHECK_THAT(fit_error({d.a, d.b}, d.price),
               Catch::Contains("has 2 outputs, and needs a target for each; received 1"));
    CHECK_THAT(fit_error({d.a, d.b}, {d.kind, d.price}),
               Catch::Contains("output 'price'") && Catch::Contains("int64 [40]") && Catch::Contains("[None, 2]"));
    CHECK_THAT(fit_error({d.a, d.b}, {d.price, d.kind + 1}), Catch::Contains("output 'kind': labels must be"));
    CHECK_THAT(fit_error({d.a, slice(d.b, 0, 0, 5)}, {d.price, d.kind}), Catch::Contains("equally many samples"));
    CHECK_THAT(fit_error({{"a", d.a}, {"c", d.b}}, {d.price, d.kind}), Catch::Contains("there is no 'c'"));
    CHECK_THAT(fit_error({{"a", d.a}}, {d.price, d.kind}),
               Catch::Contains("input 'b' needs a first axis of samples; received none"));
    CHECK_THAT(fit_error({d.a, ones({40, 3})}, {d.price, d.kind}), Catch::Contains("[None, 3]"));
    CHECK_THAT(fit_error({d.a, d.b}, {d.price, d.kind}, {.verbose = 0, .class_weight = {{0, 1.0}, {1, 1.0}, {2, 1.0}}}),
               Catch::Contains("model of one output"));
    CHECK_THAT(
        fit_error({d.a, d.b}, {d.price, d.kind}, {.verbose = 0, .sample_weight = {ones({40}), ones({40}), ones({40})}}),
        Catch::Contains("one for each of the 2 outputs"));
    CHECK_THAT(fit_error({d.a, d.b}, {d.price, d.kind}, {.verbose = 0, .validation_data = {d.a, d.price}}),
               Catch::Contains("validation_data"));
    data::Loader two({d.a, d.b});
    CHECK_THAT(error_of<ValueError>([&] { model.fit(two, {.verbose = 0}); }),
               Catch::Contains("holds 2 inputs, 2 targets"));
    CHECK(distance(model.parameters()[0], before) == 0);

    nn::Sequential encoder{nn::Linear(2, {.input_shape = {4}})}, decoder{nn::Linear(5, {.input_shape = {2}})};
    nn::Sequential autoencoder{encoder, decoder};
    autoencoder.compile({.optimizer = "adam", .loss = "mse"});
    CHECK_THAT(error_of<ShapeError>([&] { autoencoder.fit(d.a, d.a, {.verbose = 0}); }),
               Catch::Contains("received target float32 [40, 4] for prediction [None, 5]"));
}

TEST_CASE("several outputs: a class of one's own, with losses and steps of its own") {
    // A variational autoencoder in one number: the divergence is added where it is known.
    struct VAE : nn::Model {
        nn::Linear encode = module("encode", nn::Linear(2));
        nn::Linear decode = module("decode", nn::Linear(4));
        Tensor forward(const Tensor& x) override {
            const Tensor code = encode(x), mu = slice(code, 1, 0, 1), log_variance = slice(code, 1, 1, 2);
            add_loss(-0.5 * mean(1 + log_variance - square(mu) - exp(log_variance)));
            const Tensor noise = training() ? random::normal(mu.shape()) : zeros(mu.shape());
            return decode(mu + exp(log_variance / 2) * noise);
        }
    };
    manual_seed(3);
    Data d;
    VAE vae;
    vae.compile({.optimizer = optim::Adam({.lr = 0.02}), .loss = "mse"});
    const nn::History history = vae.fit(d.a, d.a, {.epochs = 20, .verbose = 0});
    CHECK(history["loss"].back() < history["loss"].front());
    const nn::LossScope added;
    const double plain = mean(square(vae.predict(d.a, {.batch_size = 40}) - d.a)).item<double>();
    REQUIRE(added.losses().size() == 1);
    CHECK(vae.evaluate(d.a, d.a, {.batch_size = 40})["loss"] ==
          Approx(plain + added.total().item<double>()).epsilon(1e-5));
    CHECK(added.losses().size() == 1);  // evaluate keeps its own
    CHECK(vae.named_parameters()[0].name == "encode.kernel");

    // Two outputs out of two inputs, in plain C++.
    struct Two : nn::Model {
        nn::Linear left = module("left", nn::Linear(2)),
                   right = module("right", nn::Linear(3, {.activation = "softmax"}));
        Tensors call(const Tensors& x) override { return {left(x[0]), right(x[0] + x[1])}; }
    };
    Two two;
    two.compile({.optimizer = "adam", .loss = {"mse", sparse}, .metrics = {{}, {"accuracy"}}});
    const nn::History both =
        two.fit({d.a, d.b}, {d.price, d.kind}, {.epochs = 5, .verbose = 0, .validation_split = 0.25});
    for (const char* key : {"loss", "output_1_loss", "output_2_loss", "output_2_accuracy", "val_output_1_loss"})
        CHECK(both.contains(key));
    CHECK(both["loss"].back() < both["loss"].front());
    CHECK(two.predict_all({d.a, d.b})[1].shape() == Shape{40, 3});

    // No loss but what a layer adds, and no target.
    struct Shrinking : nn::Model {
        nn::Linear part = module("part", nn::Linear(1));
        Tensor forward(const Tensor& x) override {
            const Tensor y = part(x);
            add_loss(mean(square(y)));
            return y;
        }
    };
    Shrinking shrinking;
    shrinking.compile({.optimizer = optim::SGD({.lr = 0.1})});
    CHECK(shrinking.fit(d.a, {}, {.epochs = 5, .verbose = 0})["loss"].back() < 0.5);

    // A step of one's own, which reports what it likes.
    struct Stepping : nn::Model {
        nn::Linear part = module("part", nn::Linear(1));
        Tensor forward(const Tensor& x) override { return part(x); }
        std::optional<nn::Logs> train_step(const Tensors& x, const Tensors&, const Tensors&) override {
            optimizer().zero_grad();
            const Tensor loss = mean(square(forward(x[0]) - 3));
            loss.backward();
            optimizer().step();
            nn::Logs logs;
            logs.set("gap", loss.item<double>());
            return logs;
        }
    };
    Stepping stepping;
    stepping.compile({.optimizer = optim::SGD({.lr = 0.1})});
    const nn::History gaps = stepping.fit(d.a, {}, {.epochs = 10, .verbose = 0});
    CHECK(gaps["gap"].back() < gaps["gap"].front());
    CHECK_FALSE(gaps.contains("loss"));
}
