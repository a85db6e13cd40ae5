// A convolutional autoencoder: digits in 32 numbers each and back, beside the best linear code of as many numbers.
#include "arguments.hpp"
#include "pca.hpp"
#include "pictures.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

using namespace weft;

namespace {

constexpr std::int64_t code_size = 32;

double mse(const Tensor& a, const Tensor& b) { return mean(square(a - b)).item<double>(); }

// How well a linear classifier tells the classes of test codes, having seen the training codes.
double linear_accuracy(const Tensor& train_codes, const Tensor& train_y, const Tensor& test_codes,
                       const Tensor& test_y) {
    const Tensor centre = mean(train_codes, 0), scale = rsqrt(variance(train_codes, 0) + 1e-6);
    nn::Sequential classifier{nn::Linear(10, {.activation = "softmax", .input_shape = {train_codes.shape(1)}})};
    classifier.compile(
        {.optimizer = optim::Adam({.lr = 0.01}), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
    classifier.fit((train_codes - centre) * scale, train_y, {.epochs = 5, .batch_size = 256, .verbose = 0});
    return classifier.evaluate((test_codes - centre) * scale, test_y, {.batch_size = 1000})["accuracy"];
}

void run(const examples::Arguments& arguments) {
    const auto [train, test] = data::mnist({.folder = arguments.folder});

    nn::Sequential encoder{
        nn::Conv2d(32, {3, 3},
                   {.strides = {2, 2}, .padding = "same", .activation = "relu", .input_shape = {28, 28, 1}}),
        nn::Conv2d(64, {3, 3}, {.strides = {2, 2}, .padding = "same", .activation = "relu"}),
        nn::Flatten(),
        nn::Linear(code_size, {.name = "code"}),
    };
    nn::Sequential decoder{
        nn::Linear(7 * 7 * 64, {.activation = "relu", .input_shape = {code_size}}),
        nn::Reshape({7, 7, 64}),
        nn::ConvTranspose2d(32, {3, 3}, {.strides = {2, 2}, .padding = "same", .activation = "relu"}),
        nn::ConvTranspose2d(1, {3, 3}, {.strides = {2, 2}, .padding = "same", .activation = "sigmoid"}),
    };
    nn::Sequential autoencoder{encoder, decoder};  // modules are handles: the weights are shared
    autoencoder.compile({.optimizer = "adam", .loss = "mse"});
    const nn::History history = autoencoder.fit(
        train.x, train.x,
        {.epochs = arguments.epochs, .batch_size = arguments.batch_size, .validation_data = {test.x, test.x}});
    if (arguments.epochs > 0)
        data::write_png(arguments.path("mse.png"), examples::curves({history["loss"], history["val_loss"]}));

    const Tensor codes = encoder.predict(test.x, {.batch_size = 256}),
                 images = decoder.predict(codes, {.batch_size = 256});
    const Tensor pixels = test.x.reshape({-1, 28 * 28});
    const examples::Pca pca = examples::principal_components(train.x.reshape({-1, 28 * 28}), code_size);
    const Tensor linear_images = pca.decode(pca.encode(pixels)).reshape(test.x.shape());
    data::write_png(arguments.path("reconstructions.png"), examples::rows_of({test.x, images, linear_images}, 16));
    encoder.save(arguments.path("encoder.h5"));
    decoder.save(arguments.path("decoder.h5"));

    fmt::print("pictures (originals, reconstructions, PCA's) and models: {}\n", arguments.out);
    fmt::print("linear classifier on the codes {:.4f}\n",
               linear_accuracy(encoder.predict(train.x, {.batch_size = 256}), train.y, codes, test.y));
    fmt::print("pca mse {:.4f}\ntest mse {:.4f}\n", mse(linear_images, test.x), mse(images, test.x));
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run_example(
        argc, argv, "Packs digits into 32 numbers: a convolutional autoencoder, beside principal components.",
        {.epochs = 10, .batch_size = 64}, run);
}
