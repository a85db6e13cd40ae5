// The layers of images and sequences, and the normalizing ones: modes, accuracy, randomness, and bad input.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>
#include <weft/optim/optim.hpp>

#include <cmath>
#include <functional>

using namespace weft;
using weft::testing::distance;
using weft::testing::error_of;

namespace {

nn::Sequential normalized_classifier() {
    return nn::Sequential{nn::Conv2d(8, 3, {.padding = "same", .use_bias = false, .input_shape = {6, 6, 2}}),
                          nn::BatchNorm({.momentum = 0.8}), nn::Activate("relu"), nn::GlobalAveragePool2d(),
                          nn::Linear(3, {.activation = "softmax"})};
}

double mean_of(const Tensor& x) { return mean(x).item<double>(); }
double deviation_of(const Tensor& x) { return std::sqrt(variance(x).item<double>()); }

}  // namespace

TEST_CASE("batch normalization: moving statistics give the same results at batch 1 and batch 256") {
    nn::Sequential model = normalized_classifier();
    model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy"});
    const Tensor x = random::normal({256, 6, 6, 2}, 3, 5), y = random::integers({256}, 0, 3);
    model.fit(x, y, {.epochs = 2, .verbose = 0});
    const Tensor whole = model.predict(x, {.batch_size = 256});
    CHECK(distance(model.predict(x, {.batch_size = 1}), whole) <= 1e-5);
    CHECK(distance(model.predict(x, {.batch_size = 7}), whole) <= 1e-5);
}

TEST_CASE("batch normalization: frozen, it runs on the moving statistics and leaves them") {
    nn::BatchNorm layer({.scale = false});
    const Tensor x = random::normal({16, 3}, 4, 2);
    layer(x);
    const Tensor moving = layer.buffers()[0].detach() * 1;
    CHECK(distance(moving, mean(x, {0}) * 0.01) <= 1e-6);
    layer.set_trainable(false);
    REQUIRE(layer.training());
    const Tensor frozen = layer(x);
    CHECK(distance(layer.buffers()[0], moving) == 0);
    layer.eval();
    CHECK(distance(layer(x), frozen) == 0);
    layer.set_trainable(true);
    layer.train();
    CHECK(std::abs(mean_of(layer(x))) <= 1e-5);
}

TEST_CASE("normalization: a mean that is large beside the spread costs no accuracy") {
    const Tensor about_zero = random::normal({64, 9, 9, 16});
    // What float32 makes of x + 4096 is a multiple of 2^-11: start from such values.
    const Tensor x = round(about_zero * 2048) / 2048, far = x + 4096;
    CHECK(distance(batch_norm(far), batch_norm(x)) <= 1e-5);
    CHECK(distance(layer_norm(far), layer_norm(x)) <= 1e-5);
    CHECK(distance(group_norm(far, 4), group_norm(x, 4)) <= 1e-5);
}

TEST_CASE("normalization: the same on one thread and on two") {
    const Tensor x = random::normal({64, 12, 12, 24}), gamma = random::normal({24}), beta = random::normal({24}),
                 dy = random::normal(x.shape());
    const auto run = [&](int threads) {
        set_num_threads(threads);
        Tensor input = x.detach() * 1, weight = gamma.detach() * 1;
        input.set_requires_grad();
        weight.set_requires_grad();
        (batch_norm(input, weight, beta) * dy).backward(ones(x.shape()));
        set_num_threads(0);
        return Tensors{input.grad(), weight.grad()};
    };
    const Tensors one = run(1), two = run(2);
    for (std::size_t i = 0; i < one.size(); ++i) CHECK(distance(one[i], two[i]) == 0);
}

TEST_CASE("batch normalization: a step that fails leaves the moving statistics") {
    nn::Sequential model = normalized_classifier();
    model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy"});
    Tensor x = random::normal({8, 6, 6, 2});
    const Tensor y = random::integers({8}, 0, 3);
    model.train_on_batch(x, y);
    const Tensor moving = model.buffers()[0].detach() * 1;
    x = x * Tensor(std::nan(""));
    CHECK_THROWS_AS(model.train_on_batch(x, y), NotFiniteError);
    CHECK(distance(model.buffers()[0], moving) == 0);
}

TEST_CASE("noise: as strong as asked for in training, none in inference") {
    manual_seed(3);
    const Tensor x = ones({400, 500});
    const auto train = [](nn::Layer layer, const Tensor& x) {
        layer->eval();
        CHECK(distance((*layer)(x), x) == 0);
        layer->train();
        return (*layer)(x);
    };
    const Tensor noisy = train(nn::GaussianNoise(0.5), x), dropped = train(nn::GaussianDropout(0.2), x);
    CHECK(mean_of(noisy) == Approx(1).margin(0.01));
    CHECK(deviation_of(noisy) == Approx(0.5).margin(0.01));
    CHECK(mean_of(dropped) == Approx(1).margin(0.01));
    CHECK(deviation_of(dropped) == Approx(0.5).margin(0.01));
    const Tensor normal = random::normal({400, 500}), alpha = train(nn::AlphaDropout(0.3), normal);
    CHECK(mean_of(alpha) == Approx(0).margin(0.02));
    CHECK(deviation_of(alpha) == Approx(1).margin(0.02));
    const Tensor spatial = train(nn::SpatialDropout2d(0.25), ones({40, 3, 2, 50}));
    CHECK(distance(max(spatial, {1, 2}), min(spatial, {1, 2})) == 0);  // whole channels
    CHECK(mean_of(spatial) == Approx(1).margin(0.05));
    const Tensor steps = train(nn::SpatialDropout1d(0.25), ones({40, 3, 50}));
    CHECK(distance(max(steps, {1}), min(steps, {1})) == 0);
    CHECK(mean_of(steps) == Approx(1).margin(0.05));
}

TEST_CASE("activity regularization joins the loss") {
    nn::Sequential model{nn::Linear(1, {.use_bias = false, .kernel_initializer = "ones", .input_shape = {2}}),
                         nn::ActivityRegularization({.l1 = 0.1, .l2 = 0.01})};
    model.compile({.optimizer = "sgd", .loss = "mse"});
    const Tensor x = ones({4, 2}), y = ones({4, 1}) * 2;
    CHECK(model.evaluate(x, y)["loss"] == Approx(0.1 * 2 + 0.01 * 4));
}

TEST_CASE("layers: options that cannot be are told when the layer is made") {
    const auto told = [](const std::function<void()>& make, const char* part) {
        CHECK_THAT(error_of<Error>(make), Catch::Contains(part));
    };
    told([] { nn::Conv2d(3, 3, {.strides = 0, .padding = "same"}); }, "strides");
    told([] { nn::Conv1d(3, 3, {.strides = 0, .padding = "same"}); }, "strides");
    told([] { nn::Conv1d(3, 3, {.padding = "full"}); }, "padding");
    told([] { nn::Conv1d(4, 3, {.groups = 3}); }, "3 groups");
    told([] { nn::Conv1d(4, 3, {.input_shape = {8}}); }, "{steps, channels}");
    told([] { nn::ConvTranspose2d(0, 3); }, "filters");
    told([] { nn::ConvTranspose2d(3, 3, {.strides = {2, -1}, .padding = "same"}); }, "strides");
    told([] { nn::ConvTranspose2d(3, 3, {.padding = "causal"}); }, "padding");
    told([] { nn::ConvTranspose2d(3, 3, {.strides = 2, .padding = "same", .output_padding = nn::Size2(2)}); },
         "output_padding");
    told([] { nn::ConvTranspose1d(3, 4, {.strides = 2, .padding = "same", .output_padding = 0}); }, "1..2");
    told([] { nn::DepthwiseConv2d(3, {.depth_multiplier = 0}); }, "depth_multiplier");
    told([] { nn::SeparableConv2d(3, {0, 1}); }, "kernel_size");
    told([] { nn::MaxPool1d(0); }, "pool_size");
    told([] { nn::UpSampling2d(0); }, "positive");
    told([] { nn::UpSampling2d(2, {.interpolation = "bicubic"}); }, "bicubic");
    told([] { nn::ZeroPadding2d({{-1, 0}, {0, 0}}); }, "negative");
    told([] { nn::Cropping1d(-2); }, "negative");
    told([] { nn::BatchNorm({.momentum = 1.5}); }, "momentum");
    told([] { nn::BatchNorm({.epsilon = 0}); }, "epsilon");
    told([] { nn::LayerNorm({.axis = {}}); }, "axis");
    told([] { nn::GroupNorm(0); }, "groups");
    told([] { nn::Permute({1, 3}); }, "1..2");
    told([] { nn::RepeatVector(0); }, "positive");
    told([] { nn::GaussianNoise(-1); }, "stddev");
    told([] { nn::AlphaDropout(1); }, "rate");
}

TEST_CASE("layers: inputs that do not fit are told with the layer's name") {
    const auto told = [](const nn::Layer& layer, const Shape& shape, const char* part) {
        layer->set_name("it");
        CHECK_THAT(error_of<Error>([&] { (*layer)(ones(shape)); }), Catch::Contains("'it'") && Catch::Contains(part));
    };
    told(nn::Conv1d(3, 3), {4, 9}, "reshape({n, 9, 1})");
    told(nn::Conv1d(4, 3, {.groups = 4}), {2, 9, 6}, "4 groups of");
    told(nn::Conv1d(4, 9), {2, 3, 1}, "no room");
    told(nn::ConvTranspose2d(3, 3), {4, 9, 9}, "reshape({n, 9, 9, 1})");
    told(nn::DepthwiseConv2d(3), {4, 9}, "[batch, height, width, channels]");
    told(nn::UpSampling2d(2), {4, 9, 9}, "Add the channel axis");
    told(nn::Cropping2d(2), {1, 4, 9, 1}, "leaves nothing of axis 1");
    told(nn::Cropping1d({3, 4}), {1, 6, 1}, "leaves nothing of axis 1");
    told(nn::BatchNorm({.axis = 3}), {4, 9}, "axis 3");
    told(nn::BatchNorm(), {1, 5}, "more than one value");
    told(nn::LayerNorm({.axis = {0}}), {4, 9}, "no batch");
    told(nn::GroupNorm(4), {4, 6}, "4 groups of");
    told(nn::RepeatVector(2), {4, 3, 2}, "[batch, features]");
    told(nn::Permute({2, 1}), {4, 3}, "2 axes");
    told(nn::PReLU({.shared_axes = {2}}), {4, 3}, "shared_axes");
    told(nn::SpatialDropout2d(0.5), {4, 3}, "[batch, height, width, channels]");
    nn::BatchNorm built({.name = "it"});
    built(ones({4, 3}));
    CHECK_THAT(error_of<ShapeError>([&] { built(ones({4, 5})); }), Catch::Contains("expects 3 channels"));
    CHECK_THAT(error_of<ValueError>([&] { built(ones({1, 3})); }), Catch::Contains("more than one value"));
    built.eval();
    CHECK_NOTHROW(built(ones({1, 3})));
}
