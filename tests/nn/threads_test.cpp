// Threads that predict on one model, and threads that each train their own. Under the thread sanitizer (meson setup
// -Db_sanitize=thread -Dopenmp=disabled) these also show that nothing races.
#include "../autograd/plain.hpp"
#include "catch.hpp"

#include <weft/autograd/checkpoint.hpp>
#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/dropout.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/random.hpp>
#include <weft/autograd/threads.hpp>
#include <weft/nn/conv2d.hpp>
#include <weft/nn/dropout.hpp>
#include <weft/nn/linear.hpp>
#include <weft/nn/pool2d.hpp>
#include <weft/nn/reshape.hpp>
#include <weft/nn/sequential.hpp>

#include <thread>

using namespace weft;
using namespace weft::testing;

namespace {

constexpr std::size_t team = 4;

template <class F>
void on_threads(F f) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < team; ++i) threads.emplace_back([&f, i] { f(i); });
    for (std::thread& thread : threads) thread.join();
}

nn::Sequential small_cnn() {
    return {nn::Conv2d(4, 3, {.activation = "relu", .input_shape = {8, 8, 1}}), nn::MaxPool2d(2), nn::Flatten(),
            nn::Dropout(0.5), nn::Linear(3, {.activation = "softmax"})};
}

}  // namespace

TEST_CASE("threads: many predict on the same model at once") {
    manual_seed(1);
    nn::Sequential model = small_cnn();
    const Tensor x = random::normal({20, 8, 8, 1});
    const Tensor expected = model.predict(x, {.batch_size = 8});
    std::vector<double> worst(team, 1);
    on_threads([&](std::size_t i) {
        nn::Sequential copy = model;  // shares the weights
        for (int round = 0; round < 10; ++round) {
            const Tensor found = (round % 2 ? model : copy).predict(x, {.batch_size = 8});
            worst[i] = round == 0 ? difference(found, expected) : std::max(worst[i], difference(found, expected));
        }
    });
    for (double each : worst) CHECK(each == 0);
}

TEST_CASE("threads: different models train at once, each as it would alone") {
    const auto train = [](std::size_t i) {
        Generator own(7 + i);
        const GeneratorScope draws(own);
        nn::Sequential model = small_cnn();
        const Tensor x = random::normal({32, 8, 8, 1});
        const Tensor y = random::integers({32}, 0, 3);
        model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
        model.fit(x, y, {.epochs = 2, .batch_size = 8, .verbose = 0});
        return model.parameters()[0].detach();
    };
    Tensors alone, together(team);
    for (std::size_t i = 0; i < team; ++i) alone.push_back(train(i));
    on_threads([&](std::size_t i) { together[i] = train(i); });
    for (std::size_t i = 0; i < team; ++i) CHECK(difference(together[i], alone[i]) == 0);
    CHECK(difference(alone[0], alone[1]) > 0.01);
}

TEST_CASE("threads: own loops on a shared, frozen encoder") {
    manual_seed(1);
    nn::Sequential encoder{nn::Linear(8, {.activation = "tanh", .input_shape = {4}})};
    encoder.set_trainable(false);
    const Tensor x = random::normal({16, 4});
    std::vector<double> losses(team);
    on_threads([&](std::size_t i) {
        Tensor head = full({8, 1}, 0.1 * static_cast<double>(i + 1)).set_requires_grad();
        for (int step = 0; step < 20; ++step) {
            const Tensor loss = mean(
                square(sum(checkpoint([&](const Tensor& t) { return encoder(t); }, x) * head.reshape({8}), -1) - 1));
            loss.backward();
            head.mutable_array<float>() -= 0.1f * head.grad().array<float>();
            head.zero_grad();
            losses[i] = loss.item<double>();
        }
    });
    for (double loss : losses) CHECK(loss < 1);
}

TEST_CASE("threads: of those that call a module first, one builds it") {
    for (int round = 0; round < 20; ++round) {
        nn::Sequential model{nn::Linear(8, {.activation = "tanh"}), nn::Linear(3)};
        const Tensor x = ones({16, 4});
        Tensors results(team);
        on_threads([&](std::size_t i) { results[i] = no_grad([&] { return model(x); }); });
        for (const Tensor& result : results) CHECK(difference(result, no_grad([&] { return model(x); })) == 0);
        CHECK(model.parameters().size() == 4);
    }
}

TEST_CASE("threads: the same seed gives the same numbers, whatever the number of threads") {
    const int before = num_threads();
    Tensors drawn;
    for (int threads : {1, 2, 3}) {
        set_num_threads(threads);
        manual_seed(5);
        drawn.push_back(random::normal({300'000}));
        drawn.push_back(random::uniform({100'001}, 0, 1, float64));
        drawn.push_back(dropout(ones({200'000}), 0.3));
    }
    set_num_threads(before);
    for (std::size_t i = 3; i < drawn.size(); ++i) CHECK(difference(drawn[i], drawn[i % 3]) == 0);
}
