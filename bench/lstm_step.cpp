// A training step of the tutorial's sequence model (forward, backward, Adam; batch 32, 50 steps of 10 features), the
// LSTM layer alone beside oneDNN's, and how time and memory grow with length. `peak_MB` is the most memory that the
// process has held so far: run one length at a time, --benchmark_filter=2000, to see what that one needs.
#include <weft/weft.hpp>

#include <benchmark/benchmark.h>
#ifdef WITH_ONEDNN
#include "onednn_lstm.hpp"
#endif

#include <fstream>
#include <string>

using namespace weft;

namespace {

void train_step(benchmark::State& state) {
    manual_seed(1);
    const std::int64_t batch = state.range(0), steps = state.range(1);
    nn::Sequential model{
        nn::LSTM(64, {.return_sequences = true, .input_shape = {None, 10}}),
        nn::Linear(64, {.activation = "relu"}),
        nn::Dropout(0.2),
        nn::Linear(10, {.activation = "softmax"}),
    };
    model.compile({.optimizer = "adam", .loss = "categorical_crossentropy", .metrics = {"accuracy"}});
    const Tensor x = random::normal({batch, steps, 10}), y = one_hot(argmax(x, -1), 10);
    for (auto _ : state) model.train_on_batch(x, y);
    state.SetItemsProcessed(state.iterations() * batch);
}

template <class L>
void layer(benchmark::State& state) {
    manual_seed(1);
    const std::int64_t batch = state.range(0), steps = state.range(1);
    L layer(64, {.return_sequences = true});
    Tensor x = random::normal({batch, steps, 10});
    const Tensor dy = random::normal({batch, steps, 64});
    layer(x);
    const Tensors parameters = layer.parameters();
    for (auto _ : state) {
        layer(x).backward(dy);
        for (Tensor parameter : parameters) parameter.zero_grad();
    }
    state.SetItemsProcessed(state.iterations() * batch * steps);
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) state.counters["peak_MB"] = std::stod(line.substr(6)) / 1024;
}

void layer_forward(benchmark::State& state) {
    const NoGrad off_tape;
    nn::LSTM layer(64, {.return_sequences = true});
    const Tensor x = random::normal({state.range(0), state.range(1), 10});
    for (auto _ : state) benchmark::DoNotOptimize(layer(x));
}

#ifdef WITH_ONEDNN
void onednn(benchmark::State& state) {
    const std::function<void()> step = bench::onednn_lstm(state.range(0), state.range(1), 10, 64);
    for (auto _ : state) step();
}
BENCHMARK(onednn)->Args({32, 50})->Unit(benchmark::kMicrosecond)->UseRealTime();
#endif

BENCHMARK(train_step)->Args({32, 50})->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(layer<nn::LSTM>)
    ->Args({32, 50})
    ->Args({32, 125})
    ->Args({32, 500})
    ->Args({32, 2000})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();
BENCHMARK(layer<nn::GRU>)->Args({32, 50})->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(layer<nn::SimpleRNN>)->Args({32, 50})->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK(layer_forward)->Args({32, 50})->Args({1, 1})->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
