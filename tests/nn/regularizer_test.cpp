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
    const auto penalty = [&](const char* text) {
        return nn::Regularizer::from_config(json::parse(text))(w).item<double>();
    };
    CHECK(penalty(R"("l2")") == Approx(0.25));
    CHECK(penalty(R"("L1")") == Approx(0.07));
    CHECK(penalty(R"({"name": "WeightRegularizer", "l1": 0.0, "l2": 0.1})") == Approx(2.5));
    CHECK(penalty(R"({"name": "L1L2Regularizer", "l1": 1.0, "l2": 0.0})") == Approx(7));
    CHECK(penalty(R"({"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.1}})") == Approx(2.5));
    CHECK(
        penalty(
            R"({"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.2}, "registered_name": null})") ==
        Approx(5));
    CHECK_FALSE(nn::Regularizer::from_config(nullptr).defined());
    const auto first = [&](const char* text) {
        return nn::Constraint::from_config(json::parse(text))(w).item<double>(0);
    };
    CHECK(first(R"({"name": "MaxNorm", "m": 2.5, "axis": 0})") == Approx(1.5));
    CHECK(first(R"({"class_name": "MaxNorm", "config": {"max_value": 2.5, "axis": [0, 1]}})") == Approx(1.5));
    CHECK(first(R"("unit_norm")") == Approx(0.6));
    CHECK(first(R"("UnitNorm")") == Approx(0.6));
    CHECK_FALSE(nn::Constraint::from_config(nullptr).defined());
}

TEST_CASE("regularizers and constraints: bad input is told") {
    CHECK_THAT(error_of<ValueError>([] { nn::Regularizer("l3"); }),
               Catch::Contains("none named 'l3'") && Catch::Contains("l2"));
    CHECK_THAT(error_of<ValueError>([] { nn::Constraint("max_nrom"); }), Catch::Contains("Did you mean 'max_norm'"));
    CHECK_THROWS_AS(nn::regularizers::l2(-1), ValueError);
    CHECK_THROWS_AS(nn::regularizers::orthogonal(1, "diagonal"), ValueError);
    CHECK_THROWS_AS(nn::constraints::min_max_norm(2, 1), ValueError);
    CHECK_THROWS_AS(nn::Regularizer::from_config(json::parse(R"({"class_name": "L2", "config": {"l2": "much"}})")),
                    ValueError);
    CHECK_THROWS_AS(nn::Regularizer::from_config(7), ValueError);
    CHECK_THROWS_AS(nn::Regularizer([](const Tensor& x) { return x; })(ones({2})), ShapeError);
    CHECK_THROWS_AS(nn::Constraint([](const Tensor& x) { return sum(x); })(ones({2})), ShapeError);
    const json unknown =
        json::parse(R"({"units": 2, "name": "code", "kernel_regularizer": {"class_name": "Mine", "config": {}}})");
    CHECK_THAT(error_of<ValueError>([&] { nn::make_layer("Dense", unknown); }),
               Catch::Contains("'kernel_regularizer'") && Catch::Contains("Mine"));
}

TEST_CASE("regularizers: penalties of the weights that train, and of results within a scope") {
    nn::Linear layer(2, {.use_bias = false,
                         .kernel_initializer = "ones",
                         .kernel_regularizer = nn::regularizers::l2(0.5),
                         .activity_regularizer = "l1",
                         .input_shape = {3}});
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
    nn::Sequential model{nn::Linear(
        3, {.kernel_constraint = nn::constraints::max_norm(0.1), .bias_constraint = "non_neg", .input_shape = {2}})};
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

namespace {

struct Weighted {
    const char* layer;
    const char* arguments;
    Shape input;
    std::vector<std::string> weights;  ///< as the options name them, in the order of the parameters
};

const std::vector<Weighted>& layers_with_weights() {
    static const std::vector<Weighted> table{
        {"Dense", R"({"units": 2})", {None, 3}, {"kernel", "bias"}},
        {"Conv1D", R"({"filters": 2, "kernel_size": 2})", {None, 4, 3}, {"kernel", "bias"}},
        {"Conv2D", R"({"filters": 2, "kernel_size": 2})", {None, 4, 4, 3}, {"kernel", "bias"}},
        {"Conv1DTranspose", R"({"filters": 2, "kernel_size": 2})", {None, 4, 3}, {"kernel", "bias"}},
        {"Conv2DTranspose", R"({"filters": 2, "kernel_size": 2})", {None, 4, 4, 3}, {"kernel", "bias"}},
        {"DepthwiseConv2D", R"({"kernel_size": 2})", {None, 4, 4, 3}, {"depthwise", "bias"}},
        {"SeparableConv1D", R"({"filters": 2, "kernel_size": 2})", {None, 4, 3}, {"depthwise", "pointwise", "bias"}},
        {"SeparableConv2D", R"({"filters": 2, "kernel_size": 2})", {None, 4, 4, 3}, {"depthwise", "pointwise", "bias"}},
        {"BatchNormalization", "{}", {None, 3}, {"gamma", "beta"}},
        {"LayerNormalization", "{}", {None, 3}, {"gamma", "beta"}},
        {"GroupNormalization", R"({"groups": 1})", {None, 3}, {"gamma", "beta"}},
        {"PReLU", "{}", {None, 3}, {"alpha"}},
        {"Embedding", R"({"input_dim": 5, "output_dim": 2})", {None, 3}, {"embeddings"}},
        {"LSTM", R"({"units": 2})", {None, None, 3}, {"kernel", "recurrent", "bias"}},
        {"LSTMCell", R"({"units": 2})", {None, 3}, {"kernel", "recurrent", "bias"}},
        {"GRU", R"({"units": 2})", {None, None, 3}, {"kernel", "recurrent", "bias"}},
        {"GRUCell", R"({"units": 2})", {None, 3}, {"kernel", "recurrent", "bias"}},
        {"SimpleRNN", R"({"units": 2})", {None, None, 3}, {"kernel", "recurrent", "bias"}},
        {"SimpleRNNCell", R"({"units": 2})", {None, 3}, {"kernel", "recurrent", "bias"}},
    };
    return table;
}

}  // namespace

TEST_CASE("regularizers and constraints: every weight of every layer has its own, and the config tells them") {
    for (const Weighted& row : layers_with_weights()) {
        INFO(row.layer);
        json config = json::parse(row.arguments);
        for (std::size_t i = 0; i < row.weights.size(); ++i) {
            config[row.weights[i] + "_regularizer"] = nn::regularizers::l2(0.5 + static_cast<double>(i)).config();
            config[row.weights[i] + "_constraint"] = nn::constraints::max_norm(0.25 + static_cast<double>(i)).config();
        }
        const nn::Layer layer = nn::make_layer(row.layer, config);
        layer->to(float64);
        layer->build_for(row.input);
        const Tensors weights = layer->parameters();
        REQUIRE(weights.size() == row.weights.size());
        for (const Tensor& weight : weights) Tensor(weight).assign(full(weight.shape(), 3, float64));
        const Tensors penalties = layer->penalties();
        REQUIRE(penalties.size() == weights.size());
        for (std::size_t i = 0; i < weights.size(); ++i)
            CHECK(penalties[i].item<double>() ==
                  Approx((0.5 + static_cast<double>(i)) * 9 * static_cast<double>(weights[i].elements())));
        layer->constrain();
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const double norm = std::sqrt(max(sum(square(weights[i]), {0})).item<double>());
            CHECK(norm == Approx(0.25 + static_cast<double>(i)).epsilon(1e-5));
        }
        const json told = layer->config();
        for (const auto& [key, value] : config.items()) CHECK((key == "kernel_size" || told.at(key) == value));
    }
}

TEST_CASE("regularizers: of what recurrent layers and embeddings return") {
    const auto collected = [](nn::Layer layer, const Tensor& x) {
        const nn::LossScope added;
        const Tensors results = (*layer)(Tensors{x});
        Tensor expected = 0.0;
        for (const Tensor& result : results) expected = expected + 0.5 * sum(square(result)) / 2;
        CHECK(added.losses().size() == results.size());
        CHECK(distance(added.total(), expected) <= 1e-6);
        const nn::Layer again = nn::make_layer(layer->class_name(), layer->config());
        CHECK(again->config() == layer->config());
        CHECK(again->state()->activity_regularizer.defined());
    };
    const nn::Regularizer l2 = nn::regularizers::l2(0.5);
    const Tensor x = random::normal({2, 4, 3});
    collected(nn::LSTM(2, {.activity_regularizer = l2, .return_sequences = true, .return_state = true}), x);
    collected(nn::GRU(2, {.activity_regularizer = l2, .return_sequences = true}), x);
    collected(nn::SimpleRNN(2, {.activity_regularizer = l2}), x);
    collected(nn::RNN(nn::LSTMCell(2), {.activity_regularizer = l2}), x);
    collected(nn::Embedding(5, 2, {.activity_regularizer = l2}), tensor({0, 1, 4, 4}, {2, 2}, int64));
}

TEST_CASE("regularizers and constraints: of a layer that goes the other way") {
    nn::Bidirectional both(
        nn::LSTM(2, {.recurrent_regularizer = "l2", .activity_regularizer = "l1", .bias_constraint = "non_neg"}));
    const nn::LossScope added;
    both(random::normal({2, 4, 3}));
    CHECK(added.losses().size() == 2);
    CHECK(both.penalties().size() == 2);
    for (const nn::NamedTensor& weight : both.named_parameters())
        Tensor(weight.tensor).assign(full(weight.tensor.shape(), -1));
    both.constrain();
    for (const nn::NamedTensor& weight : both.named_parameters()) {
        INFO(weight.name);
        CHECK(max(weight.tensor).item<double>() == (weight.name.ends_with("bias") ? 0 : -1));
    }
}

TEST_CASE("regularizers and constraints survive a file") {
    const testing::TemporaryFolder folder;
    nn::Sequential model{nn::Conv2d(2, 3,
                                    {.kernel_regularizer = "l1",
                                     .kernel_constraint = nn::constraints::max_norm(1, {0, 1, 2}),
                                     .input_shape = {5, 5, 1}}),
                         nn::Flatten(),
                         nn::Linear(2, {.bias_regularizer = nn::regularizers::l2(0.3), .activity_regularizer = "l2"})};
    model.save((folder / "m.h5").string());
    const nn::Model loaded = nn::load_model((folder / "m.h5").string());
    const auto layers = model.layers(), others = loaded.layers();
    for (std::size_t i = 0; i < layers.size(); ++i) CHECK(layers[i]->config() == others[i]->config());
    CHECK(loaded.penalties().size() == 2);
    CHECK(loaded.layers()[2]->config()["activity_regularizer"]["config"]["l2"] == 0.01);

    nn::Sequential sequences{
        nn::Embedding(5, 2,
                      {.embeddings_constraint = "unit_norm", .activity_regularizer = "l1", .input_shape = {None}}),
        nn::Bidirectional(nn::LSTM(2, {.recurrent_regularizer = nn::regularizers::l2(0.3), .return_sequences = true})),
        nn::RNN(nn::StackedRNNCells({nn::GRUCell(2, {.bias_constraint = "non_neg"}), nn::SimpleRNNCell(2)}),
                {.activity_regularizer = "l2"})};
    for (const char* name : {"s.h5", "s.keras"}) {
        sequences.save((folder / name).string());
        const nn::Model again = nn::load_model((folder / name).string());
        for (std::size_t i = 0; i < sequences.layers().size(); ++i)
            CHECK(sequences.layers()[i]->config() == again.layers()[i]->config());
        CHECK(again.penalties().size() == 2);
    }
}
