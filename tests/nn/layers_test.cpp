// Layers against Keras: results, gradients to input and weights; and every layer against check_layer.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>

#include <set>

using namespace weft;
using weft::testing::distance;
using weft::testing::Fixture;

namespace {

nn::Layer layer_of(const Fixture& file, const std::string& name) {
    if (name == "activation_gelu_approximate") return nn::Activate([](const Tensor& x) { return gelu(x, true); });
    return nn::make_layer(file.text(name, "class"), nlohmann::json::parse(file.text(name, "config")));
}

void compare(const Fixture& file, const std::string& name, DType dtype, double tolerance) {
    INFO(name << " " << weft::name(dtype));
    nn::Layer layer = layer_of(file, name);
    layer->to(dtype);
    const bool training = name.ends_with("_training");
    layer->train(training);
    Tensor x = testing::to_tensor(file.values(name + "/input"), dtype);
    if (is_floating(x.dtype())) x.set_requires_grad();
    Shape shape = x.shape();
    shape[0] = None;
    layer->build_for(shape);
    const auto weights = layer->named_weights();
    const auto expected = file.list(name + "/weights");
    REQUIRE(weights.size() == expected.size());
    for (std::size_t i = 0; i < weights.size(); ++i)
        Tensor(weights[i].tensor).assign(testing::to_tensor(expected[i], dtype));

    const Tensor y = (*layer)(x);
    const Tensor dy = testing::to_tensor(file.values(name + "/dy"), dtype);
    CHECK(distance(y, testing::to_tensor(file.values(name + "/output"))) <= tolerance);
    const Shape promised = layer->output_shape(shape);
    REQUIRE(promised.rank() == y.rank());
    for (int i = 1; i < y.rank(); ++i) CHECK(promised[i] == y.shape()[i]);
    sum(y * dy).backward();
    CHECK(distance(x.grad(), testing::to_tensor(file.values(name + "/grad_input"))) <= tolerance);
    const auto gradients = file.list(name + "/grad_weights");
    for (std::size_t i = 0; i < gradients.size(); ++i)
        CHECK(distance(weights[i].tensor.grad(), testing::to_tensor(gradients[i])) <= tolerance);
    const auto after = training ? file.list(name + "/weights_after") : expected;
    for (std::size_t i = 0; i < after.size(); ++i)
        CHECK(distance(weights[i].tensor, testing::to_tensor(after[i])) <= tolerance);
}

}  // namespace

TEST_CASE("layers: results and gradients are Keras's") {
    for (const char* family : {"layers", "image_layers"}) {
        const Fixture file(family);
        const auto names = file.names();
        REQUIRE(names.size() > 50);
        for (const std::string& name : names) {
            compare(file, name, float64, 1e-7);
            compare(file, name, float32, 1e-5);
        }
    }
}

TEST_CASE("layers: every class that is registered passes check_layer") {
    const std::vector<std::pair<nn::Layer, Shape>> layers{
        {nn::Linear(3), {4}},
        {nn::Linear(3, {.activation = "tanh", .use_bias = false}), {5, 2}},
        {nn::Linear(3, {.activation = "relu"}), {4}},
        {nn::Conv2d(3, 2, {.activation = "tanh"}), {4, 5, 2}},
        {nn::Conv2d(4, {3, 2}, {.strides = 2, .padding = "same", .groups = 2}), {5, 4, 2}},
        {nn::Conv2d(2, 2, {.dilation_rate = 2, .activation = "relu"}), {5, 5, 1}},
        {nn::Conv1d(3, 3, {.padding = "causal", .dilation_rate = 2, .activation = "tanh"}), {6, 2}},
        {nn::Conv1d(4, 2, {.strides = 2, .padding = "same", .groups = 2}), {5, 2}},
        {nn::ConvTranspose2d(2, {3, 2}, {.strides = 2, .padding = "same", .activation = "tanh"}), {2, 3, 2}},
        {nn::ConvTranspose2d(2, 2, {.strides = 3, .output_padding = nn::Size2(2)}), {2, 2, 1}},
        {nn::ConvTranspose1d(2, 3, {.strides = 2}), {3, 2}},
        {nn::DepthwiseConv2d(3, {.strides = 2, .padding = "same", .depth_multiplier = 2}), {5, 4, 2}},
        {nn::SeparableConv2d(3, 2, {.activation = "tanh"}), {4, 3, 2}},
        {nn::SeparableConv1d(3, 2, {.padding = "same", .depth_multiplier = 2}), {4, 2}},
        {nn::MaxPool1d(2), {5, 2}},
        {nn::AvgPool1d(3, {.strides = 2, .padding = "same"}), {6, 2}},
        {nn::GlobalAveragePool1d({.keepdims = true}), {4, 2}},
        {nn::GlobalMaxPool1d(), {4, 2}},
        {nn::UpSampling1d(3), {2, 2}},
        {nn::UpSampling2d({2, 3}), {2, 3, 2}},
        {nn::UpSampling2d(2, {.interpolation = "bilinear"}), {2, 3, 1}},
        {nn::ZeroPadding1d({0, 2}), {3, 2}},
        {nn::ZeroPadding2d({{1, 0}, {2, 1}}), {2, 3, 2}},
        {nn::Cropping1d({1, 0}), {3, 2}},
        {nn::Cropping2d({{1, 0}, {0, 2}}), {3, 4, 2}},
        {nn::BatchNorm(), {4}},
        {nn::BatchNorm({.axis = 1, .momentum = 0.5, .scale = false}), {2, 3}},
        {nn::LayerNorm(), {5}},
        {nn::LayerNorm({.axis = {1, 2}, .center = false}), {3, 4}},
        {nn::LayerNorm({.axis = {1}}), {3, 2}},
        {nn::GroupNorm(2), {3, 4}},
        {nn::Permute({2, 1}), {3, 2}},
        {nn::RepeatVector(3), {4}},
        {nn::ActivityRegularization({.l1 = 0.1}), {4}},
        {nn::GaussianNoise(0.3), {6}},
        {nn::GaussianDropout(0.3), {6}},
        {nn::AlphaDropout(0.3), {6}},
        {nn::SpatialDropout1d(0.5), {3, 4}},
        {nn::SpatialDropout2d(0.5), {2, 2, 4}},
        {nn::PReLU({.alpha_initializer = nn::init::constant(0.3), .shared_axes = {1}}), {3, 2}},
        {nn::Rescaling(0.5, {.offset = 1}), {3}},
        {nn::MaxPool2d(2), {4, 5, 2}},
        {nn::MaxPool2d(3, {.strides = nn::Size2(1), .padding = "same"}), {4, 3, 1}},
        {nn::AvgPool2d(2, {.padding = "same"}), {3, 5, 2}},
        {nn::GlobalAveragePool2d(), {3, 4, 2}},
        {nn::GlobalMaxPool2d({.keepdims = true}), {3, 4, 2}},
        {nn::Flatten(), {3, 2, 2}},
        {nn::Reshape({-1, 3}), {2, 6}},
        {nn::Dropout(0.4), {6}},
        {nn::Activate("softmax"), {5}},
        {nn::ReLU({.max_value = 1, .negative_slope = 0.1}), {6}},
        {nn::LeakyReLU(), {6}},
        {nn::ELU({.alpha = 0.7}), {6}},
        {nn::Softmax(), {2, 4}},
        {nn::Masking(), {3, 2}},
        {nn::TimeDistributed(nn::Linear(3, {.activation = "tanh"})), {3, 2}},
        {nn::LSTM(2), {3, 2}},
        {nn::LSTM(2, {.activation = "softsign", .use_bias = false, .return_sequences = true}), {3, 1}},
        {nn::LSTM(2, {.dropout = 0.3, .recurrent_dropout = 0.3, .go_backwards = true}), {2, 2}},
        {nn::GRU(2, {.return_sequences = true}), {3, 2}},
        {nn::GRU(2, {.dropout = 0.3, .reset_after = false}), {3, 2}},
        {nn::SimpleRNN(2, {.return_sequences = true}), {3, 2}},
        {nn::SimpleRNN(2, {.activation = "softsign"}), {3, 2}},
        {nn::Bidirectional(nn::LSTM(2, {.return_sequences = true}), {.merge_mode = "mul"}), {3, 2}},
        {nn::Bidirectional(nn::GRU(1)), {2, 2}},
        {nn::RNN(nn::StackedRNNCells({nn::LSTMCell(2), nn::SimpleRNNCell(1)}), {.return_sequences = true}), {3, 2}},
        {nn::Sequential{nn::Linear(4, {.activation = "tanh"}), nn::Dropout(0.3), nn::Linear(2)}, {3}},
    };
    std::set<std::string> seen{"Embedding"};
    const Tensor ids = tensor({3, 0, 1, 2, 2, 4}, {3, 2}, int64);
    CHECK_NOTHROW(nn::check_layer(nn::Embedding(5, 2), {2}, {.input = ids}));
    for (const auto& [layer, shape] : layers) {
        INFO(layer->class_name());
        seen.insert(layer->class_name());
        CHECK_NOTHROW(nn::check_layer(layer, shape));
    }
    const std::vector<std::tuple<nn::Layer, Shape, nn::Shapes>> several{
        {nn::Add(), {2, 3}, {{2, 3}, {1, 3}}},
        {nn::Subtract(), {4}, {{4}}},
        {nn::Multiply(), {2, 3}, {{3}, {2, 3}}},
        {nn::Average(), {3}, {{3}, {3}}},
        {nn::Maximum(), {3}, {{3}, {3}}},
        {nn::Minimum(), {2, 3}, {{3}}},
        {nn::Concatenate(), {2, 3}, {{2, 1}}},
        {nn::Concatenate({.axis = 1}), {2, 3}, {{1, 3}, {2, 3}}},
        {nn::Dot(1), {4}, {{4}}},
        {nn::Dot({1, 2}, {.normalize = true}), {3, 2}, {{2, 3}}},
        {nn::Dot(-1), {2, 3}, {{3}}},
        {nn::LSTMCell(2), {3}, {{2}, {2}}},
        {nn::GRUCell(2), {3}, {{2}}},
        {nn::GRUCell(2, {.reset_after = false}), {3}, {{2}}},
        {nn::SimpleRNNCell(2), {3}, {{2}}},
        {nn::StackedRNNCells({nn::LSTMCell(2), nn::GRUCell(1)}), {3}, {{2}, {2}, {1}}},
        {nn::LSTM(2, {.return_sequences = true, .return_state = true}), {2, 2}, {{2}, {2}}},
        {nn::Bidirectional(nn::GRU(1, {.return_state = true}), {.merge_mode = "none"}), {2, 2}, {{1}, {1}}},
    };
    for (const auto& [layer, shape, others] : several) {
        INFO(layer->class_name());
        seen.insert(layer->class_name());
        CHECK_NOTHROW(nn::check_layer(layer, shape, {.other_inputs = others}));
    }
    for (const std::string& name : nn::registered_layers()) {
        INFO(name << " is registered, but has no row above");
        CHECK((seen.contains(name) || name.starts_with("Test")));
    }
}

namespace {

struct Swish : nn::Module {
    void build(const Shape& input) override { beta = parameter("beta", {input.back()}, nn::init::constant(0.7)); }
    Tensor forward(const Tensor& x) override { return x * sigmoid(beta * x); }
    Tensor beta;
};

struct WrongGradient : Function<WrongGradient> {
    static Tensor forward(Context& ctx, const Tensor& x) {
        ctx.save(x);
        return x * x;
    }
    static Gradients backward(Context& ctx, const Tensor& dy) { return {dy * ctx.saved<1>()[0]}; }  // half of it
};

struct Wrong : nn::Module {
    Tensor forward(const Tensor& x) override { return WrongGradient::apply(x); }
};

struct AcrossRows : nn::Module {
    Tensor forward(const Tensor& x) override { return x - mean(x, {0}, true); }
};

struct Forgetful : nn::Module {
    void build(const Shape& input) override { scale = parameter("scale", {input.back()}, nn::init::ones()); }
    Tensor forward(const Tensor& x) override { return x * scale; }
    Shape output_shape(const Shape& input) override { return {input[0], 7}; }
    Tensor scale;
};

struct Writing : nn::Module {
    void build(const Shape&) override { count = buffer("count", {1}); }
    Tensor forward(const Tensor& x) override {
        count.assign(count + 1);
        return x;
    }
    Tensor count;
};

}  // namespace

TEST_CASE("check_layer: a layer of one's own passes, and keeps its weights") {
    Swish swish;
    nn::check_layer(swish, {3});
    REQUIRE(swish.parameters().size() == 1);
    CHECK(swish.parameters()[0].dtype() == float32);
    CHECK(swish.parameters()[0].item<float>(0) == 0.7f);
}

TEST_CASE("check_layer: tells what does not hold") {
    const auto message = [](const nn::Layer& layer) {
        return testing::error_of<Error>([&] { nn::check_layer(layer, {3}); });
    };
    CHECK_THAT(message(Wrong()), Catch::Contains("derivatives"));
    CHECK_THAT(message(AcrossRows()), Catch::Contains("row 0 alone"));
    CHECK_THAT(message(Forgetful()), Catch::Contains("output_shape([None, 3]) promises [None, 7]"));
    CHECK_THAT(message(Writing()), Catch::Contains("wrote to 'count'"));
}
