// A variational autoencoder (Kingma & Welling 2014) whose code is two numbers, so that it can be looked at.
#include "arguments.hpp"
#include "pictures.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

using namespace weft;

namespace {

constexpr std::int64_t code_size = 2;

class Vae : public nn::Model {
public:
    // Means and logarithms of variances of the code's distribution for an image.
    nn::Sequential encoder = module("encoder", nn::Sequential{
        nn::Flatten({.input_shape = {28, 28, 1}}),
        nn::Linear(512, {.activation = "relu"}),
        nn::Linear(256, {.activation = "relu"}),
        nn::Linear(2 * code_size),
    });
    // Logits of the pixels for a code.
    nn::Sequential decoder = module("decoder", nn::Sequential{
        nn::Linear(256, {.activation = "relu", .input_shape = {code_size}}),
        nn::Linear(512, {.activation = "relu"}),
        nn::Linear(28 * 28),
        nn::Reshape({28, 28, 1}),
    });

    Tensor forward(const Tensor& images) override {
        const Tensors code = split(encoder(images), {code_size, code_size}, 1);
        const Tensor &mean = code[0], &log_variance = code[1];
        // From the code's distribution to the standard normal one.
        add_loss(-0.5 * weft::mean(sum(1 + log_variance - square(mean) - exp(log_variance), 1)));
        return decoder(mean + exp(0.5 * log_variance) * random::normal(mean.shape()));
    }
};

// Of all pixels of an image, in nats.
Tensor reconstruction(const Tensor& images, const Tensor& logits) {
    return sum(sigmoid_cross_entropy(images, logits), {1, 2, 3});
}

void run(const examples::Arguments& arguments) {
    const auto [train, test] = data::mnist({.folder = arguments.folder});
    Vae vae;
    vae.compile({.optimizer = "adam", .loss = nn::Loss("negative_elbo", reconstruction)});
    vae.fit(train.x, train.x,
            {.epochs = arguments.epochs, .batch_size = arguments.batch_size, .validation_data = {test.x, test.x}});

    const Tensor codes = slice(vae.encoder.predict(test.x), 1, 0, code_size);
    data::write_png(arguments.path("codes.png"), examples::scatter(codes, test.y));
    constexpr std::int64_t side = 20;
    Tensors grid;  // from top left to bottom right, as in the picture of the codes
    for (std::int64_t row = 0; row < side; ++row)
        for (std::int64_t column = 0; column < side; ++column)
            grid.push_back(tensor({-2.5 + 5.0 * column / (side - 1), 2.5 - 5.0 * row / (side - 1)}));
    data::write_png(arguments.path("samples.png"), examples::tiled(sigmoid(vae.decoder.predict(stack(grid))), side, 1));
    const Tensor means = sigmoid(vae.decoder.predict(codes));
    data::write_png(arguments.path("reconstructions.png"), examples::rows_of({test.x, means}, 16));

    const nn::Logs result = vae.evaluate(test.x, test.x, {.batch_size = 256});
    fmt::print("pictures: {}\ntest elbo {:.2f}\n", arguments.out, -result["loss"]);
}

}  // namespace

int main(int argc, char** argv) {
    return examples::run_example(argc, argv, "Learns to draw digits from two numbers: a variational autoencoder.",
                                 {.epochs = 20, .batch_size = 128}, run);
}
