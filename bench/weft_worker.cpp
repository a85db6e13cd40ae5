// weft's side of bench/compare: each row's model, data and step.
#include "worker.hpp"

#include <weft/weft.hpp>

#include <memory>

using namespace weft;
using bench::Row;
using bench::Step;

namespace {

nn::Sequential cnn() {
    return {
        nn::Conv2d(32, {3, 3}, {.activation = "relu", .input_shape = {28, 28, 1}}),
        nn::MaxPool2d({2, 2}),
        nn::Flatten(),
        nn::Linear(128, {.activation = "relu"}),
        nn::Dropout(0.2),
        nn::Linear(10, {.activation = "softmax"}),
    };
}

nn::Sequential sequence(std::int64_t features, std::int64_t units) {
    return {
        nn::LSTM(units, {.return_sequences = true, .input_shape = {None, features}}),
        nn::Linear(64, {.activation = "relu"}),
        nn::Dropout(0.2),
        nn::Linear(10, {.activation = "softmax"}),
    };
}

nn::Sequential autoencoder() {
    return {
        nn::Conv2d(16, {3, 3},
                   {.strides = {2, 2}, .padding = "same", .activation = "relu", .input_shape = {28, 28, 1}}),
        nn::Flatten(),
        nn::Linear(32),
        nn::Linear(14 * 14 * 16, {.activation = "relu"}),
        nn::Reshape({14, 14, 16}),
        nn::ConvTranspose2d(1, {3, 3}, {.strides = {2, 2}, .padding = "same", .activation = "sigmoid"}),
    };
}

nn::Model resnet20() {
    const auto convolved = [](const nn::Symbol& x, std::int64_t channels, nn::Size2 kernel, std::int64_t stride) {
        return nn::BatchNorm()(
            nn::Conv2d(channels, kernel, {.strides = stride, .padding = "same", .use_bias = false})(x));
    };
    const auto relu = [](const nn::Symbol& x) { return nn::ReLU()(x); };
    const nn::Symbol start = nn::Input({32, 32, 3});
    nn::Symbol x = relu(convolved(start, 16, 3, 1));
    std::int64_t last = 16;
    for (std::int64_t channels : {16, 32, 64})
        for (int block = 0; block < 3; ++block) {
            const std::int64_t stride = block == 0 && channels > 16 ? 2 : 1;
            const nn::Symbol y = convolved(relu(convolved(x, channels, 3, stride)), channels, 3, 1);
            x = relu(y + (stride != 1 || last != channels ? convolved(x, channels, 1, stride) : x));
            last = channels;
        }
    return nn::Model(start, nn::Linear(10, {.activation = "softmax"})(nn::GlobalAveragePool2d()(x)));
}

nn::Sequential mlp() {
    return {
        nn::Linear(4096, {.activation = "relu", .input_shape = {784}}),
        nn::Linear(4096, {.activation = "relu"}),
        nn::Linear(10, {.activation = "softmax"}),
    };
}

Tensor images(std::int64_t batch, std::int64_t size = 28, std::int64_t channels = 1) {
    return random::uniform({batch, size, size, channels});
}

Tensor classes(const Shape& shape) { return one_hot(random::integers(shape, 0, 10), 10); }

// A row that trains: forward, backward, Adam.
std::function<Step()> training(std::function<nn::Model()> make, Tensor x, Tensor y,
                               const std::string& loss = "categorical_crossentropy") {
    return [=] {
        auto model = std::make_shared<nn::Model>(make());
        nn::CompileOptions options{.optimizer = "adam", .loss = loss};
        if (loss != "mse") options.metrics = {"accuracy"};
        model->compile(options);
        return [=] { model->train_on_batch(x, y); };
    };
}

std::function<Step()> inference(std::function<nn::Model()> make, Tensor x) {
    return [=] {
        auto model = std::make_shared<nn::Model>(make());
        return [=] { model->predict(x, {.batch_size = 1}); };
    };
}

// Forward and backward of one layer, no optimizer.
std::function<Step()> lstm_layer() {
    const Tensor x = random::normal({32, 50, 10}), dy = random::normal({32, 50, 64});
    return [=] {
        return [=, layer = nn::LSTM(64, {.return_sequences = true})]() mutable {
            layer(x).backward(dy);
            for (Tensor parameter : layer.parameters()) parameter.zero_grad();
        };
    };
}

std::function<Step()> cnn_epoch() {
    const Tensor x = images(60000), y = classes({60000});
    return [=] {
        auto model = std::make_shared<nn::Sequential>(cnn());
        model->compile({.optimizer = "adam", .loss = "categorical_crossentropy", .metrics = {"accuracy"}});
        return [=] { model->fit(x, y, {.epochs = 1, .batch_size = 32, .verbose = 0}); };
    };
}

std::function<Step()> tape() {
    return [] {
        return [x = full({}, 1.001).set_requires_grad(), other = full({}, 0.999)]() mutable {
            Tensor y = x;
            for (int i = 0; i < 1000; ++i) y = y * other;
            y.backward();
            x.zero_grad();
        };
    };
}

}  // namespace

int main(int argc, char** argv) {
    manual_seed(1);
    return bench::serve(
        argc, argv,
        {
            {"cnn_32", [] { return training(cnn, images(32), classes({32})); }},
            {"cnn_256", [] { return training(cnn, images(256), classes({256})); }},
            {"cnn_epoch", cnn_epoch},
            {"lstm_64",
             [] {
                 return training([] { return sequence(10, 64); }, random::normal({32, 50, 10}), classes({32, 50}));
             }},
            {"lstm_512",
             [] {
                 return training([] { return sequence(512, 512); }, random::normal({64, 100, 512}), classes({64, 100}));
             }},
            {"lstm_layer", lstm_layer},
            {"autoencoder",
             [] {
                 const Tensor x = images(128);
                 return training(autoencoder, x, x, "mse");
             }},
            {"resnet20", [] { return training(resnet20, images(64, 32, 3), classes({64})); }},
            {"mlp",
             [] {
                 return training(mlp, images(256).reshape({256, 784}), classes({256}));
             }},
            {"cnn_latency", [] { return inference(cnn, images(1)); }},
            {"lstm_latency",
             [] {
                 return inference([] { return sequence(10, 64); }, random::normal({1, 50, 10}));
             }},
            {"tape", tape},
            {"first_batch", [] { return training(cnn, images(32), classes({32})); }},
        });
}
