// A differential equation solved by a network: u'' + 2 d u' + u = 0, u(0) = 0, u'(0) = 1, a damped pendulum. What the
// network gets wrong is measured by its own first and second derivatives by time.
#include "arguments.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

#include <cmath>

using namespace weft;

namespace {

struct Arguments {
    int steps = 5000;
    int points = 64;
    double damping = 0.2;
    double end = 6;
    std::uint64_t seed = 1;
};

// t + s(t)^2 N(t) with s(0) = 0 has the right start whatever the network N says.
struct Pendulum : nn::Module {
    nn::Linear first = module("first", nn::Linear(32, {.activation = "tanh"}));
    nn::Linear second = module("second", nn::Linear(32, {.activation = "tanh"}));
    nn::Linear last = module("last", nn::Linear(1));
    Tensor forward(const Tensor& t) override { return t + square(1 - exp(-t)) * last(second(first(t - 3))); }
};

double exact(double t, double damping) {
    const double frequency = std::sqrt(1 - damping * damping);
    return std::exp(-damping * t) * std::sin(frequency * t) / frequency;
}

double largest_error(Pendulum& u, const Arguments& arguments) {
    const NoGrad off_tape;
    const Tensor t = linspace(0, arguments.end, 1001, float64).reshape({1001, 1});
    const Tensor y = u(t);
    double worst = 0;
    for (std::int64_t i = 0; i < 1001; ++i)
        worst = std::max(worst, std::abs(y.item<double>(i) - exact(t.item<double>(i), arguments.damping)));
    return worst;
}

void run(const Arguments& arguments) {
    manual_seed(arguments.seed);
    Pendulum u;
    u.to(float64);
    Tensor t = linspace(0, arguments.end, arguments.points, float64).reshape({arguments.points, 1}).set_requires_grad();
    u(t);  // makes the weights
    optim::Adam optimizer(u.parameters(), {.lr = 1e-2});
    fmt::print("before training: largest error {:.3f}\n", largest_error(u, arguments));
    for (int step = 0; step < arguments.steps; ++step) {
        const Tensor y = u(t);
        const Tensor dy = grad(sum(y), t, {.create_graph = true});
        const Tensor ddy = grad(sum(dy), t, {.create_graph = true});
        const Tensor loss = mean(square(ddy + 2 * arguments.damping * dy + y));
        optimizer.set_learning_rate(1e-2 * std::pow(0.01, static_cast<double>(step) / arguments.steps));
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
        if ((step + 1) % 1000 == 0)
            fmt::print("step {:5}: mean squared residual {:.3g}\n", step + 1, loss.item<double>());
    }
    fmt::print("largest error against the exact solution on [0, {}]: {:.2e}\n", arguments.end,
               largest_error(u, arguments));
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    return examples::run_program(
        argc, argv, "Solves the damped pendulum's equation with a network and its second derivatives.",
        {{"--steps", &arguments.steps, "of training", examples::non_negative},
         {"--points", &arguments.points, "in time at which the equation should hold", examples::positive},
         {"--damping", &arguments.damping, "d, below 1", {0.0, 0.99}},
         {"--end", &arguments.end, "of the time that is looked at", examples::positive},
         {"--seed", &arguments.seed, "of the weights"}},
        [&] { run(arguments); });
}
