// A generative adversarial network with a gradient penalty (Gulrajani et al. 2017) on a mixture of two normal
// distributions. The penalty is a loss of a gradient: its own gradient is a second derivative. In one dimension the
// Wasserstein distance, which the critic estimates, can be had exactly by sorting.
#include "arguments.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

using namespace weft;

namespace {

struct Arguments {
    int steps = 5000;
    int critic_steps = 5;
    std::int64_t batch_size = 128;
    double penalty = 0.1;
    double lr = 1e-3;
    std::uint64_t seed = 1;
};

constexpr std::int64_t noise_size = 4;

// One half around -2, the other around 1.5.
Tensor real_samples(std::int64_t n) {
    const Tensor left = random::normal({n, 1}, -2, 0.3), right = random::normal({n, 1}, 1.5, 0.5);
    return where(random::uniform({n, 1}) < 0.5, left, right);
}

nn::Sequential network(std::int64_t inputs) {
    return {nn::Linear(32, {.activation = "tanh", .input_shape = {inputs}}), nn::Linear(32, {.activation = "tanh"}),
            nn::Linear(1)};
}

// What moving the one set of samples onto the other costs for each sample, at the least.
double wasserstein(const Tensor& a, const Tensor& b) {
    const auto sorted = [](const Tensor& x) {
        std::vector<float> values(x.values<float>().begin(), x.values<float>().end());
        std::sort(values.begin(), values.end());
        return values;
    };
    const std::vector<float> x = sorted(a), y = sorted(b);
    double total = 0;
    for (std::size_t i = 0; i < x.size(); ++i) total += std::abs(x[i] - y[i]);
    return total / static_cast<double>(x.size());
}

Tensor critic_loss(nn::Sequential& critic, const Tensor& real, const Tensor& fake, double weight) {
    const Tensor share = random::uniform({real.shape(0), 1});
    Tensor between = (share * real + (1 - share) * fake).detach().set_requires_grad();
    const Tensor slope = grad(sum(critic(between)), between, {.create_graph = true});
    const Tensor penalty = mean(square(sqrt(sum(square(slope), -1) + 1e-12) - 1));
    return mean(critic(fake)) - mean(critic(real)) + weight * penalty;
}

void run(const Arguments& arguments) {
    manual_seed(arguments.seed);
    nn::Sequential generator = network(noise_size), critic = network(1);
    optim::Adam generator_optimizer(generator.parameters(), {.lr = arguments.lr, .beta_1 = 0.5, .beta_2 = 0.9});
    optim::Adam critic_optimizer(critic.parameters(), {.lr = arguments.lr, .beta_1 = 0.5, .beta_2 = 0.9});
    const auto fake_samples = [&](std::int64_t n) { return generator(random::normal({n, noise_size})); };
    const auto distance = [&] { return wasserstein(no_grad([&] { return fake_samples(4000); }), real_samples(4000)); };

    fmt::print("before training: Wasserstein distance {:.3f}\n", distance());
    for (int step = 1; step <= arguments.steps; ++step) {
        const double rate = arguments.lr * (1 - static_cast<double>(step - 1) / arguments.steps);
        generator_optimizer.set_learning_rate(rate);
        critic_optimizer.set_learning_rate(rate);
        for (int i = 0; i < arguments.critic_steps; ++i) {
            const Tensor fake = no_grad([&] { return fake_samples(arguments.batch_size); });
            const Tensor loss = critic_loss(critic, real_samples(arguments.batch_size), fake, arguments.penalty);
            critic_optimizer.zero_grad();
            loss.backward();
            critic_optimizer.step();
        }
        const Tensor loss = -mean(critic(fake_samples(arguments.batch_size)));
        generator_optimizer.zero_grad();
        loss.backward();
        generator_optimizer.step();
        if (step % 1000 == 0) fmt::print("step {:5}: Wasserstein distance {:.3f}\n", step, distance());
    }
    const Tensor fake = no_grad([&] { return fake_samples(4000); });
    fmt::print("samples below 0: {:.3f} of them (0.500 of the real ones)\n",
               mean((fake < 0).to(float32)).item<double>());
    fmt::print("two draws of real samples are {:.3f} apart\nWasserstein distance of the generated samples: {:.3f}\n",
               wasserstein(real_samples(4000), real_samples(4000)), distance());
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    return examples::run_program(
        argc, argv, "Trains a generator and a critic with a gradient penalty on a mixture of two normal distributions.",
        {{"--steps", &arguments.steps, "of the generator", examples::non_negative},
         {"--critic-steps", &arguments.critic_steps, "for each of the generator's", examples::positive},
         {"--batch-size", &arguments.batch_size, "samples a step", examples::positive},
         {"--penalty", &arguments.penalty, "weight of the gradient penalty", examples::non_negative},
         {"--lr", &arguments.lr, "learning rate of both, which falls to 0", examples::positive},
         {"--seed", &arguments.seed, "of weights and samples"}},
        [&] { run(arguments); });
}
