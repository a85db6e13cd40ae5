// Learning to learn (Finn et al. 2017): weights from which one gradient step on ten points of a sine wave fits that
// wave. The loss after the step is differentiated through the step. Beside it, the same network trained on all waves at
// once.
#include "arguments.hpp"

#include <weft/weft.hpp>

#include <fmt/core.h>

#include <numbers>

using namespace weft;

namespace {

struct Arguments {
    int steps = 8000;
    int tasks = 4;
    std::int64_t shots = 10;
    double inner_lr = 0.02;
    double lr = 1e-3;
    std::uint64_t seed = 1;
};

struct Samples {
    Tensor x, y;  // [n, 1]
};

// A wave of random height and phase.
class Task {
public:
    Task()
        : amplitude_(random::uniform({}, 0.1, 5).item<double>()),
          phase_(random::uniform({}, 0, std::numbers::pi).item<double>()) {}
    Samples draw(std::int64_t n) const {
        const Tensor x = random::uniform({n, 1}, -5, 5);
        return {x, amplitude_ * sin(x - phase_)};
    }

private:
    double amplitude_, phase_;
};

nn::Sequential network() {
    return {nn::Linear(40, {.activation = "relu", .input_shape = {1}}), nn::Linear(40, {.activation = "relu"}),
            nn::Linear(1)};
}

Tensor loss_with(nn::Sequential& net, const Tensors& weights, const Samples& samples) {
    return nn::with_parameters(net, weights, [&] { return mean(square(net(samples.x) - samples.y)); });
}

// The weights after one step down the loss on the samples.
Tensors adapted(nn::Sequential& net, const Tensors& weights, const Samples& samples, double lr, bool create_graph) {
    const Tensors slopes = grad({loss_with(net, weights, samples)}, weights, {.create_graph = create_graph});
    Tensors after;
    for (std::size_t i = 0; i < weights.size(); ++i) after.push_back(weights[i] - lr * slopes[i]);
    return after;
}

// The mean loss on new points of new waves, after `steps` steps on a few points of each.
double loss_after(nn::Sequential& net, int steps, const Arguments& arguments) {
    Generator same_waves(12345);
    const GeneratorScope scope(same_waves);
    double total = 0;
    constexpr int tasks = 200;
    for (int i = 0; i < tasks; ++i) {
        const Task task;
        const Samples few = task.draw(arguments.shots), more = task.draw(50);
        Tensors weights = net.parameters();
        for (int step = 0; step < steps; ++step) {
            weights = adapted(net, weights, few, arguments.inner_lr, false);
            for (Tensor& w : weights) w = w.detach().set_requires_grad();
        }
        total += no_grad([&] { return loss_with(net, weights, more); }).item<double>();
    }
    return total / tasks;
}

void run(const Arguments& arguments) {
    manual_seed(arguments.seed);
    nn::Sequential meta = network(), plain = network();
    optim::Adam meta_optimizer(meta.parameters(), {.lr = arguments.lr}),
        plain_optimizer(plain.parameters(), {.lr = arguments.lr});
    for (int step = 1; step <= arguments.steps; ++step) {
        Tensor meta_loss = 0.0, plain_loss = 0.0;
        for (int i = 0; i < arguments.tasks; ++i) {
            const Task task;
            const Samples few = task.draw(arguments.shots), more = task.draw(arguments.shots);
            const Tensors weights = adapted(meta, meta.parameters(), few, arguments.inner_lr, true);
            meta_loss = meta_loss + loss_with(meta, weights, more);
            plain_loss = plain_loss + mean(square(plain(more.x) - more.y));
        }
        meta_optimizer.zero_grad();
        (meta_loss / arguments.tasks).backward();
        meta_optimizer.step();
        plain_optimizer.zero_grad();
        (plain_loss / arguments.tasks).backward();
        plain_optimizer.step();
        if (step % 2000 == 0)
            fmt::print("step {:5}: mean loss after one step {:.3f}; without meta-learning {:.3f}\n", step,
                       loss_after(meta, 1, arguments), loss_after(plain, 1, arguments));
    }
    fmt::print("{:>30} {:>10} {:>10} {:>10}\n", "gradient steps on a new wave", 0, 1, 5);
    for (auto* net : {&plain, &meta})
        fmt::print("{:>30} {:>10.3f} {:>10.3f} {:>10.3f}\n", net == &meta ? "meta-learned" : "trained on all waves",
                   loss_after(*net, 0, arguments), loss_after(*net, 1, arguments), loss_after(*net, 5, arguments));
    fmt::print("loss after one step: {:.3f} meta-learned, {:.3f} without\n", loss_after(meta, 1, arguments),
               loss_after(plain, 1, arguments));
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    return examples::run_program(argc, argv,
                                 "Model-agnostic meta-learning on sine waves: gradients through gradient steps.",
                                 {{"--steps", &arguments.steps, "of training", examples::non_negative},
                                  {"--tasks", &arguments.tasks, "waves a step", examples::positive},
                                  {"--shots", &arguments.shots, "points of a wave to learn from", examples::positive},
                                  {"--inner-lr", &arguments.inner_lr, "of the step on a wave", examples::positive},
                                  {"--lr", &arguments.lr, "of the optimizer over waves", examples::positive},
                                  {"--seed", &arguments.seed, "of weights and waves"}},
                                 [&] { run(arguments); });
}
