// A layer and an op of one's own, tested and trained, and what weft says when the op's derivative is wrong.
#include "arguments.hpp"

#include <weft/weft.hpp>

#include <xtensor/xmath.hpp>

#include <fmt/core.h>

#include <fstream>

using namespace weft;

namespace {

// A layer out of existing ops: the tape finds its gradient.
struct Swish : nn::Module {
    void build(const Shape& input) override { beta = parameter("beta", {input.back()}, nn::init::ones()); }
    Tensor forward(const Tensor& x) override { return x * sigmoid(beta * x); }
    Tensor beta;
};

// An op of one's own, as xtensor expressions; its derivative, in tensor ops, has derivatives itself.
struct Softsign : Function<Softsign> {
    static Tensor forward(Context& ctx, const Tensor& x) {
        ctx.save(x);
        return x.visit([](const auto& a) -> Tensor { return a / (1.f + xt::abs(a)); });  // float32 or float64
    }
    static Gradients backward(Context& ctx, const Tensor& dy) {
        auto [x] = ctx.saved<1>();
        return {dy / square(1.f + abs(x))};
    }
};

// The same with a slip.
struct Slip : Function<Slip> {
    static Tensor forward(Context& ctx, const Tensor& x) { return Softsign::forward(ctx, x); }
    static Gradients backward(Context& ctx, const Tensor& dy) {
        auto [x] = ctx.saved<1>();
        return {dy / (1.f + abs(x))};
    }
};

struct Net : nn::Module {
    nn::Linear in = module("in", nn::Linear(2, 64));
    Swish swish = module("swish", Swish());
    nn::Linear out = module("out", nn::Linear(64, 1));
    Tensor forward(const Tensor& x) override {
        Tensor h = swish(Softsign::apply(in(x)));
        for (int i = 0; i < (h.item<float>(0) > 0 ? 2 : 1); ++i) h = tanh(h);  // the graph is whatever ran
        return out(h);
    }
};

struct Arguments {
    int steps = 600;
    std::uint64_t seed = 7;
    std::string dot;
};

void write_dot(Net& net, const std::string& path) {
    std::ofstream file(path);
    file << to_dot(nn::mse_loss(net(zeros({1, 2})), zeros({1, 1})));
    if (!file) throw FileError("cannot write " + path);
    fmt::print("graph: {} (dot -Tsvg {} > graph.svg)\n", path, path);
}

void run(const Arguments& arguments) {
    manual_seed(arguments.seed);
    // The layer keeps its promises, and the op's first and second derivatives are right.
    nn::check_layer(Swish(), {5});
    assert_gradients([](const Tensor& t) { return Softsign::apply(t); }, random::normal({3, 4}, float64));
    fmt::print("Swish passes check_layer, Softsign its gradient check; a wrong derivative looks like this:\n{}\n",
               gradcheck([](const Tensor& t) { return Slip::apply(t); }, random::normal({2, 2}, float64)).table);

    const auto draw = [](std::int64_t n) {
        const Tensor x = random::uniform({n, 2}, -1.0, 1.0);
        return std::pair(x, (select(x, 1, 0) * select(x, 1, 1)).reshape({n, 1}));
    };
    const auto [x, y] = draw(512);
    const auto [test_x, test_y] = draw(512);
    Net net;
    net(x);  // makes the weights
    optim::AdamW optimizer(net.parameters(), {.lr = 1e-2, .weight_decay = 1e-4});
    for (int step = 0; step < arguments.steps; ++step) {
        const Tensor loss = nn::mse_loss(net(x), y);
        optimizer.zero_grad();
        loss.backward();
        optim::clip_grad_norm(net.parameters(), 1.0);
        optimizer.step();
    }
    if (!arguments.dot.empty()) write_dot(net, arguments.dot);
    const Profile profile;
    nn::mse_loss(net(x), y).backward();
    fmt::print("one step of it:\n{}\n", profile.table());
    const NoGrad off_tape;
    fmt::print("x y learnt: mean squared error {:.2e} on new points; their variance {:.2e}\n",
               nn::mse_loss(net(test_x), test_y).item<double>(), variance(test_y).item<double>());
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    return examples::run_program(argc, argv, "Checks and trains a layer and an op of one's own.",
        {{"--steps", &arguments.steps, "of training", examples::non_negative},
         {"--seed", &arguments.seed, "of weights and data"},
         {"--dot", &arguments.dot, "file for the graph of the loss, in Graphviz's language"}},
        [&] { run(arguments); });
}
