// The tutorial's convolutional network on MNIST or Fashion-MNIST: train, evaluate, save, draw the learning curves.
#include "learning_curves.hpp"

#include <weft/weft.hpp>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <filesystem>

using namespace weft;

namespace {

struct Arguments {
    std::string dataset = "mnist";
    std::string folder;
    int epochs = 10;
    std::int64_t batch_size = 32;
    std::uint64_t seed = 1;
    std::string out = "mnist_cnn_results";
};

int run(const Arguments& arguments) {
    manual_seed(arguments.seed);
    std::filesystem::create_directories(arguments.out);
    const auto [train, test] = arguments.dataset == "mnist" ? data::mnist({.folder = arguments.folder})
                                                            : data::fashion_mnist({.folder = arguments.folder});
    fmt::print("{}: {} images to train on, {} to test, {} threads\n", arguments.dataset, train.x.shape(0), test.x.shape(0), num_threads());

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

    const std::filesystem::path out(arguments.out);
    const std::string file = (out / "mnist_cnn.h5").string(), picture = (out / "learning_curves.svg").string();
    model.save(file);
    if (arguments.epochs > 0)
        examples::write_learning_curves(history, {"loss", "accuracy"}, fmt::format("the tutorial's CNN on {}, seed {}", arguments.dataset, arguments.seed), picture);
    const nn::Logs result = model.evaluate(test.x, one_hot(test.y, 10), {.batch_size = 256});
    fmt::print("model: {}\nlearning curves: {}\ntest accuracy {:.4f}\n", file, picture, result["accuracy"]);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App app{"Trains the Keras tutorial's convolutional network on images of digits or clothes."};
    app.add_option("--dataset", arguments.dataset, "mnist or fashion_mnist")->check(CLI::IsMember({"mnist", "fashion_mnist"}))->capture_default_str();
    app.add_option("--data", arguments.folder, "folder with the IDX files; else $WEFT_DATA, the cache and the system are searched");
    app.add_option("--epochs", arguments.epochs, "passes over the training images")->check(CLI::NonNegativeNumber)->capture_default_str();
    app.add_option("--batch-size", arguments.batch_size, "images a step")->check(CLI::PositiveNumber)->capture_default_str();
    app.add_option("--seed", arguments.seed, "of the weights, the order and dropout")->capture_default_str();
    app.add_option("--out", arguments.out, "folder for the model and the picture")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        return run(arguments);
    } catch (const std::exception& error) {
        fmt::print(stderr, "mnist_cnn: {}\n", error.what());
        return 1;
    }
}
