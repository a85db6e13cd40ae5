// A small residual network (He et al. 2016) with batch normalisation on photographs, flipped and shifted at random.
#include "arguments.hpp"
#include "pictures.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

using namespace weft;

namespace {

// Two convolutions beside a path that skips them; the first may halve the picture.
class Block : public nn::Module {
public:
    Block(std::int64_t channels, std::int64_t stride)
        : first(module(
              "first",
              nn::Conv2d(
                  channels, 3,
                  {.strides = stride, .padding = "same", .use_bias = false, .kernel_initializer = "he_normal"}))),
          first_norm(module("first_norm", nn::BatchNorm())),
          second(module(
              "second",
              nn::Conv2d(channels, 3, {.padding = "same", .use_bias = false, .kernel_initializer = "he_normal"}))),
          second_norm(module("second_norm", nn::BatchNorm())),
          skip(module("skip", nn::Conv2d(channels, 1,
                                         {.strides = stride, .use_bias = false, .kernel_initializer = "he_normal"}))),
          skip_norm(module("skip_norm", nn::BatchNorm())) {}

    Tensor forward(const Tensor& x) override {
        const Tensor inner = second_norm(second(relu(first_norm(first(x)))));
        return relu(inner + skip_norm(skip(x)));
    }

private:
    nn::Conv2d first;
    nn::BatchNorm first_norm;
    nn::Conv2d second;
    nn::BatchNorm second_norm;
    nn::Conv2d skip;
    nn::BatchNorm skip_norm;
};

struct Images {
    data::Dataset train, test;
};

// Whatever part of CIFAR-10 there is; without any, the clothes of Fashion-MNIST.
Images load(const std::string& folder) {
    std::string missing;
    try {
        auto [train, test, batches] = data::cifar10({.folder = folder});
        std::string names;
        for (const std::string& batch : batches) names += " " + batch;
        fmt::print("CIFAR-10:{}, {} images to train on, {} to test\n", names, train.x.shape(0), test.x.shape(0));
        return {train, test};
    } catch (const FileError& error) {
        missing = error.what();
    }
    fmt::print("{}\nFashion-MNIST instead\n", missing);
    auto [train, test] = data::fashion_mnist({.folder = folder});
    return {train, test};
}

void run(const examples::Arguments& arguments) {
    const auto [train, test] = load(arguments.folder);
    const Tensor centre = mean(train.x, {0, 1, 2}), scale = rsqrt(variance(train.x, {0, 1, 2}));
    const auto normalised = [&](const Tensor& x) { return (x - centre) * scale; };
    const Tensor x = normalised(train.x), test_x = normalised(test.x);
    const Shape& shape = x.shape();

    nn::Sequential model{
        nn::Conv2d(32, 3,
                   {.strides = 2,
                    .padding = "same",
                    .use_bias = false,
                    .kernel_initializer = "he_normal",
                    .input_shape = {shape[1], shape[2], shape[3]}}),
        nn::BatchNorm(),
        nn::ReLU(),
        Block(32, 1),
        Block(64, 2),
        Block(128, 2),
        nn::GlobalAveragePool2d(),
        nn::Linear(10, {.activation = "softmax"}),
    };
    model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
    data::Loader plain(
        {x, train.y}, {.batch_size = arguments.batch_size, .shuffle = true, .drop_last = true, .seed = arguments.seed});
    data::Transformed augmented(
        data::Loader({x, train.y},
                     {.batch_size = arguments.batch_size, .shuffle = true, .drop_last = true, .seed = arguments.seed}),
        [](Tensors& sample, Generator& generator) {
            sample[0] = data::random_shift(data::random_flip(sample[0], generator), 2, generator);
        },
        {.seed = arguments.seed});
    // Half of the epochs see the images flipped and shifted; the others, which settle on them, see them as they are,
    // the last quarter in small steps.
    const nn::ValidationData validation{slice(test_x, 0, 0, 2000), slice(test.y, 0, 0, 2000)};
    const auto train_until = [&](int epoch, data::Source& source, int from) {
        model.fit(source, {.epochs = epoch, .batch_size = 256, .validation_data = validation, .initial_epoch = from});
    };
    const int half = arguments.epochs / 2, most = arguments.epochs - arguments.epochs / 4;
    train_until(half, augmented, 0);
    train_until(most, plain, half);
    model.optimizer().set_learning_rate(0.1 * model.optimizer().learning_rate());
    train_until(arguments.epochs, plain, most);

    const Tensor probabilities = model.predict(test_x, {.batch_size = 256});
    const std::int64_t some = std::min<std::int64_t>(256, test_x.shape(0));
    const Tensor one_by_one = model.predict(slice(test_x, 0, 0, some), {.batch_size = 1});
    const double difference = max(abs(one_by_one - slice(probabilities, 0, 0, some))).item<double>();
    Tensors classes;  // a row for each class: test images that were taken for it
    const Tensor taken_for = argmax(probabilities);
    for (std::int64_t k = 0; k < 10; ++k)
        for (std::int64_t i = 0, found = 0; i < test.x.shape(0) && found < 12; ++i)
            if (taken_for.item<std::int64_t>(i) == k) classes.push_back(select(test.x, 0, i)), ++found;
    if (classes.size() == 120) data::write_png(arguments.path("classes.png"), examples::tiled(stack(classes), 12));

    const nn::EvaluateOptions at_once{.batch_size = 256};
    fmt::print("pictures (test images, a row for each class they were taken for): {}\n", arguments.out);
    fmt::print("batches of 1 and of 256 differ by {:.2g}\n", difference);
    fmt::print("test accuracy {:.4f}\ntraining accuracy {:.4f}\n", model.evaluate(test_x, test.y, at_once)["accuracy"],
               model.evaluate(x, train.y, at_once)["accuracy"]);
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run_example(argc, argv,
                                 "Trains a small residual network on CIFAR-10, or what part of it there is.",
                                 {.epochs = 24, .batch_size = 64}, run);
}
