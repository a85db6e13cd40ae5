// The tutorial's convolutional network on MNIST or Fashion-MNIST: train, evaluate, save, draw the learning curves.
#include "arguments.hpp"
#include "learning_curves.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

using namespace weft;

namespace {

void run(const examples::Arguments& arguments, const std::string& dataset) {
    const auto [train, test] = dataset == "mnist" ? data::mnist({.folder = arguments.folder})
                                                            : data::fashion_mnist({.folder = arguments.folder});
    fmt::print("{}: {} images to train on, {} to test, {} threads\n", dataset, train.x.shape(0), test.x.shape(0),
               num_threads());

    nn::Sequential model{
        nn::Conv2d(32, {3, 3}, {.activation = "relu", .input_shape = {28, 28, 1}}),
        nn::MaxPool2d({2, 2}),
        nn::Flatten(),
        nn::Linear(128, {.activation = "relu"}),
        nn::Dropout(0.2),
        nn::Linear(10, {.activation = "softmax"}),
    };
    model.summary();
    model.compile({.optimizer = "adam", .loss = "categorical_crossentropy", .metrics = {"accuracy"}});
    const nn::History history = model.fit(train.x, one_hot(train.y, 10),
                                          {.epochs = arguments.epochs,
                                           .batch_size = arguments.batch_size,
                                           .validation_data = {test.x, one_hot(test.y, 10)}});

    const std::string file = arguments.path("mnist_cnn.h5"), picture = arguments.path("learning_curves.svg");
    model.save(file);
    if (arguments.epochs > 0)
        examples::write_learning_curves(history, {"loss", "accuracy"},
                                        fmt::format("the tutorial's CNN on {}, seed {}", dataset, arguments.seed),
                                        picture);
    const nn::Logs result = model.evaluate(test.x, one_hot(test.y, 10), {.batch_size = 256});
    fmt::print("model: {}\nlearning curves: {}\ntest accuracy {:.4f}\n", file, picture, result["accuracy"]);
}

}  // namespace

int main(int argc, char** argv) {
    std::string dataset = "mnist";
    return examples::run_example(
        argc, argv, "Trains the Keras tutorial's convolutional network on images of digits or clothes.", {},
        [&](const examples::Arguments& arguments) { run(arguments, dataset); },
        {{"--dataset", &dataset, "mnist or fashion_mnist", {}, {"mnist", "fashion_mnist"}}});
}
