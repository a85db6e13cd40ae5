// A differential equation learnt from a curve that obeys it: x' = f(x), f a network, the curve a spiral. The solver
// chooses its steps by its own error (Bogacki and Shampine 1989), so that the graph is as long as the values make it.
#include "arguments.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

using namespace weft;

namespace {

struct Arguments {
    int steps = 1500;
    std::int64_t batch_size = 32;
    double tolerance = 1e-3;
    double lr = 1e-2;
    std::uint64_t seed = 1;
};

constexpr std::int64_t points = 101;
constexpr double duration = 20, interval = duration / (points - 1);

using Field = std::function<Tensor(const Tensor&)>;  // x [n, 2] to x' [n, 2]

// x after `time`, and how many steps it took. Third order, with the difference from second order as the error.
Tensor solve(const Field& f, Tensor x, double time, double tolerance, int& steps) {
    double done = 0, h = std::min(time, 0.1);
    Tensor slope = f(x);
    while (done < time * (1 - 1e-9)) {
        h = std::min(h, time - done);
        const Tensor k2 = f(x + 0.5 * h * slope), k3 = f(x + 0.75 * h * k2);
        const Tensor next = x + h * (2.0 / 9 * slope + 1.0 / 3 * k2 + 4.0 / 9 * k3);
        const Tensor k4 = f(next);
        const double error =
            max(abs(h * (-5.0 / 72 * slope + 1.0 / 12 * k2 + 1.0 / 9 * k3 - 1.0 / 8 * k4).detach())).item<double>();
        ++steps;
        if (error <= tolerance) {  // else the same step again, smaller
            x = next;
            slope = k4;
            done += h;
        }
        h *= std::clamp(0.9 * std::cbrt(tolerance / std::max(error, 1e-12)), 0.2, 4.0);
    }
    return x;
}

// x at times 0, interval, 2 interval, ...: [points, 2]
Tensor curve(const Field& f, const Tensor& start, double tolerance) {
    const NoGrad off_tape;
    Tensors states{start};
    int steps = 0;
    while (states.size() < points) states.push_back(solve(f, states.back(), interval, tolerance, steps));
    return concat(states);
}

// What the spiral obeys: inwards, and around the faster the nearer to the middle.
Tensor truth(const Tensor& x) {
    const Tensor a = select(x, 1, 0), b = select(x, 1, 1), rate = 2.0 / (1.0 + 0.5 * (a * a + b * b));
    return stack({-0.1 * a - rate * b, rate * a - 0.1 * b}, 1);
}

struct Net : nn::Module {
    nn::Linear in = module("in", nn::Linear(32, {.activation = "tanh"}));
    nn::Linear out = module("out", nn::Linear(2));
    Tensor forward(const Tensor& x) override { return out(in(x)); }
};

void run(const Arguments& arguments) {
    manual_seed(arguments.seed);
    const Tensor start = tensor({2, 0}, {1, 2});
    const Tensor spiral = curve(truth, start, 1e-6);
    Net net;
    net(start);  // makes the weights
    const Field field = [&](const Tensor& x) { return net(x); };
    const auto error = [&] { return mean(abs(curve(field, start, arguments.tolerance) - spiral)).item<double>(); };
    fmt::print("before training: mean distance from the spiral {:.3f}\n", error());

    optim::Adam optimizer(net.parameters(), {.lr = arguments.lr});
    constexpr int ahead = 5;  // from random points of the spiral, this many intervals on
    int solver_steps = 0;
    for (int step = 1; step <= arguments.steps; ++step) {
        const Tensor first = random::integers({arguments.batch_size}, 0, points - ahead);
        Tensor x = gather(spiral, first), loss = 0.0;
        for (int i = 1; i <= ahead; ++i) {
            x = solve(field, x, interval, arguments.tolerance, solver_steps);
            loss = loss + mean(abs(x - gather(spiral, first + i)));
        }
        optimizer.set_learning_rate(arguments.lr * std::pow(0.02, static_cast<double>(step) / arguments.steps));
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
        if (step % 100 == 0) {
            fmt::print("step {:4}: loss {:.4f}, {} solver steps for {} intervals\n", step, loss.item<double>() / ahead,
                       solver_steps, 100 * ahead);
            solver_steps = 0;
        }
    }
    fmt::print("mean distance from the spiral over its {:.0f} seconds: {:.3f}\n", duration, error());
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    return examples::run_program(
        argc, argv, "Learns the equation of a spiral by differentiating through a solver that chooses its steps.",
        {{"--steps", &arguments.steps, "of training", examples::non_negative},
         {"--batch-size", &arguments.batch_size, "pieces of the spiral a step", examples::positive},
         {"--tolerance", &arguments.tolerance, "error that the solver allows in a step", examples::positive},
         {"--lr", &arguments.lr, "learning rate at the start", examples::positive},
         {"--seed", &arguments.seed, "of weights and pieces"}},
        [&] { run(arguments); });
}
