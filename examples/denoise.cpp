// A convolutional network that takes noise out of digits.
#include "arguments.hpp"
#include "pictures.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

using namespace weft;

namespace {

constexpr double sigma = 0.5;  // of the noise, which is not clipped

void run(const examples::Arguments& arguments) {
    const auto [train, test] = data::mnist({.folder = arguments.folder});
    const Tensor noisy = test.x + random::normal(test.x.shape(), 0, sigma);

    nn::Sequential model{
        nn::Conv2d(32, {3, 3},
                   {.strides = {2, 2}, .padding = "same", .activation = "relu", .input_shape = {28, 28, 1}}),
        nn::Conv2d(64, {3, 3}, {.strides = {2, 2}, .padding = "same", .activation = "relu"}),
        nn::Conv2d(64, {3, 3}, {.padding = "same", .activation = "relu"}),
        nn::UpSampling2d({2, 2}),
        nn::Conv2d(32, {3, 3}, {.padding = "same", .activation = "relu"}),
        nn::ConvTranspose2d(16, {3, 3}, {.strides = {2, 2}, .padding = "same", .activation = "relu"}),
        nn::Conv2d(1, {3, 3}, {.padding = "same"}),  // a sigmoid may be stuck at 0, the colour of most pixels
    };
    model.compile({.optimizer = "adam", .loss = "mse"});
    // Every epoch has noise of its own.
    data::Transformed source(
        data::Loader({train.x, train.x}, {.batch_size = arguments.batch_size, .shuffle = true, .seed = arguments.seed}),
        [](Tensors& sample, Generator& generator) {
            sample[0] = sample[0] + random::normal(sample[0].shape(), 0, sigma, float32, generator);
        },
        {.seed = arguments.seed});
    const nn::History history = model.fit(source, {.epochs = arguments.epochs, .validation_data = {noisy, test.x}});
    if (arguments.epochs > 0)
        data::write_png(arguments.path("mse.png"), examples::curves({history["loss"], history["val_loss"]}));

    const Tensor clean = model.predict(noisy, {.batch_size = 256});
    data::write_png(arguments.path("denoised.png"), examples::rows_of({noisy, clean, test.x}, 16));
    model.save(arguments.path("denoise.h5"));
    fmt::print("pictures (noisy, cleaned, originals) and model: {}\n", arguments.out);
    fmt::print("noisy mse {:.4f}\ntest mse {:.4f}\n", mean(square(noisy - test.x)).item<double>(),
               mean(square(clean - test.x)).item<double>());
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run_example(argc, argv, "Takes noise out of pictures of digits.", {.epochs = 5, .batch_size = 64},
                                 run);
}
