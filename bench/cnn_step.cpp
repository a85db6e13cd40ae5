// A training step of the tutorial's CNN (forward, backward, Adam), and its parts, on made-up images.
#include <weft/weft.hpp>

#include <benchmark/benchmark.h>

using namespace weft;

namespace {

struct Setup {
    nn::Sequential model{
        nn::Conv2d(32, {3, 3}, {.activation = "relu", .input_shape = {28, 28, 1}}),
        nn::MaxPool2d({2, 2}),
        nn::Flatten(),
        nn::Linear(128, {.activation = "relu"}),
        nn::Dropout(0.2),
        nn::Linear(10, {.activation = "softmax"}),
    };
    Tensor x, y;

    explicit Setup(std::int64_t batch) {
        manual_seed(1);
        x = random::uniform({batch, 28, 28, 1});
        y = one_hot(random::integers({batch}, 0, 10), 10);
        model.compile({.optimizer = "adam", .loss = "categorical_crossentropy", .metrics = {"accuracy"}});
    }
};

void train_step(benchmark::State& state) {
    Setup setup(state.range(0));
    for (auto _ : state) setup.model.train_on_batch(setup.x, setup.y);
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void forward(benchmark::State& state) {
    Setup setup(state.range(0));
    const NoGrad off_tape;
    for (auto _ : state) benchmark::DoNotOptimize(setup.model(setup.x));
}

void forward_backward(benchmark::State& state) {
    Setup setup(state.range(0));
    const nn::Loss loss("categorical_crossentropy");
    for (auto _ : state) {
        loss(setup.y, setup.model(setup.x)).backward();
        for (Tensor& parameter : setup.model.parameters()) parameter.zero_grad();
    }
}

void adam(benchmark::State& state) {
    Setup setup(32);
    optim::Adam optimizer(setup.model.parameters());
    nn::Loss("categorical_crossentropy")(setup.y, setup.model(setup.x)).backward();
    for (auto _ : state) optimizer.step();
}

void predict_one(benchmark::State& state) {
    Setup setup(1);
    for (auto _ : state) benchmark::DoNotOptimize(setup.model.predict(setup.x));
}

BENCHMARK(train_step)->Arg(32)->Arg(256)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(forward)->Arg(32)->Arg(256)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(forward_backward)->Arg(32)->Arg(256)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(adam)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(predict_one)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
