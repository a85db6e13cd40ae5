// Modules within checkpoints: computed again in the mode, with the numbers and from the states of the first time, and
// written to once.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/checkpoint.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/random.hpp>
#include <weft/autograd/transforms.hpp>
#include <weft/nn/nn.hpp>

using namespace weft;
using testing::distance;
using testing::error_of;

namespace {

struct Run {
    Tensor value, by_input;
    Tensors by_weights, buffers;
};

// The value and gradients of sum(layer(x)^2), with what changes after the value is known.
template <class Change>
Run run(const std::function<nn::Layer()>& make, bool checkpointed, const Change& change) {
    manual_seed(5);
    const nn::Layer layer = make();
    Tensor x = random::normal({6, 4}, float64).set_requires_grad();
    layer->to(float64);
    const Tensor y = checkpointed ? checkpoint([layer](const Tensor& t) { return (*layer)(t); }, x) : (*layer)(x);
    change(*layer);
    sum(square(y)).backward();
    Run result{y.detach(), x.grad(), {}, {}};
    for (const Tensor& parameter : layer->parameters()) result.by_weights.push_back(parameter.grad());
    for (const Tensor& buffer : layer->buffers()) result.buffers.push_back(Tensor(buffer.data().copy()));
    return result;
}

template <class Change>
void compare(const std::function<nn::Layer()>& make, const Change& change) {
    const Run plain = run(make, false, change), again = run(make, true, change);
    CHECK(distance(again.value, plain.value) == 0);
    CHECK(distance(again.by_input, plain.by_input) <= 1e-12);
    REQUIRE(again.by_weights.size() == plain.by_weights.size());
    for (std::size_t i = 0; i < plain.by_weights.size(); ++i)
        CHECK(distance(again.by_weights[i], plain.by_weights[i]) <= 1e-12);
    REQUIRE(again.buffers.size() == plain.buffers.size());
    for (std::size_t i = 0; i < plain.buffers.size(); ++i) CHECK(distance(again.buffers[i], plain.buffers[i]) == 0);
}

void nothing(nn::Module&) {}
nn::Layer built(nn::Layer layer) {
    layer->build_for({None, 4});
    return layer;
}
nn::Layer dropping() {
    return built(nn::Sequential{nn::Linear(5, {.activation = "tanh"}), nn::Dropout(0.5), nn::Linear(3)});
}
nn::Layer normalizing() {
    return built(
        nn::Sequential{nn::Linear(5), nn::BatchNorm({.momentum = 0.5}), nn::Linear(3, {.activation = "tanh"})});
}

}  // namespace

TEST_CASE("checkpoint: dropout in a module drops again what it dropped") { compare(dropping, nothing); }

TEST_CASE("checkpoint: batch normalization moves its statistics once") { compare(normalizing, nothing); }

TEST_CASE("checkpoint: a mode that was changed before backward changes nothing") {
    for (const auto& make : {dropping, normalizing}) {
        compare(make, [](nn::Module& layer) { layer.eval(); });
        compare(
            [&] {
                const nn::Layer layer = make();
                layer->eval();
                return layer;
            },
            [](nn::Module& layer) { layer.train(); });
        compare(make, [](nn::Module& layer) {
            layer.set_trainable(true), layer.state()->children[1].second->trainable = false;
        });
    }
}

TEST_CASE("checkpoint: a mode of the scope, which is over at backward") {
    const auto gradient = [](bool checkpointed) {
        manual_seed(5);
        const nn::Layer layer = dropping();
        Tensor x = random::normal({6, 4}).set_requires_grad();
        Tensor y;
        {
            const nn::ModeScope inference(false);
            y = checkpointed ? checkpoint([layer](const Tensor& t) { return (*layer)(t); }, x) : (*layer)(x);
        }
        sum(square(y)).backward();
        return x.grad();
    };
    CHECK(distance(gradient(true), gradient(false)) <= 1e-6);
}

TEST_CASE("checkpoint: weights made on the way take no numbers from dropout") {
    compare(
        [] {
            return nn::Layer(
                nn::Sequential{nn::Dropout(0.3), nn::Linear(8), nn::Dropout(0.5), nn::Linear(3), nn::Dropout(0.5)});
        },
        nothing);
}

TEST_CASE("checkpoint: within a checkpoint, and a second derivative") {
    const nn::Layer layer = dropping();
    layer->to(float64);
    const auto inner = [layer](const Tensor& t) { return (*layer)(t); };
    const auto twice = [inner](const Tensor& t) {
        return checkpoint([inner](const Tensor& u) { return checkpoint(inner, u) * 2; }, t);
    };
    const auto slopes = [&](const auto& f) {
        manual_seed(9);
        Tensor x = random::normal({6, 4}, float64).set_requires_grad();
        const Tensor y = f(x);
        layer->eval();
        const Tensor first = grad(sum(square(y)), x, {.create_graph = true});
        const Tensor second = grad(sum(square(first)), x);
        layer->train();
        return std::pair(first.detach(), second);
    };
    const auto plain = slopes([&](const Tensor& t) { return inner(t) * 2; }), again = slopes(twice);
    CHECK(distance(again.first, plain.first) <= 1e-12);
    CHECK(distance(again.second, plain.second) <= 1e-12);
    CHECK(max(abs(plain.second)).item<double>() > 0);
}

TEST_CASE("checkpoint: a stateful layer begins again where it began, and goes on once") {
    const auto states = [](bool checkpointed) {
        manual_seed(5);
        nn::LSTM layer(3, {.stateful = true});
        layer(random::normal({2, 4, 2}));
        Tensor x = random::normal({2, 4, 2}).set_requires_grad();
        const Tensor y = checkpointed ? checkpoint([layer](const Tensor& t) mutable { return layer(t); }, x) : layer(x);
        layer(x.detach());
        const Tensor carried = layer.state()->carried[0];
        sum(y).backward();
        CHECK(layer.state()->carried[0].is(carried));
        return x.grad();
    };
    CHECK(distance(states(true), states(false)) <= 1e-6);
}

TEST_CASE("checkpoint: a loss added inside is refused, and a function that goes another way too") {
    nn::Linear layer(2, {.activity_regularizer = "l2", .name = "code"});
    Tensor x = random::normal({3, 4}).set_requires_grad();
    layer(x);
    const Tensor before = checkpoint(layer, x);  // nobody collects
    const nn::LossScope added;
    sum(before).backward();
    CHECK(added.losses().empty());
    CHECK_THAT(error_of<ValueError>([&] { checkpoint(layer, x); }),
               testing::contains("'code'") && testing::contains("checkpoint()"));
    CHECK(added.losses().empty());

    nn::Dropout dropout(0.5);
    int calls = 0;
    const Tensor y = checkpoint([&](const Tensor& t) { return calls++ ? dropout(dropout(t)) : dropout(t); }, x);
    CHECK_THAT(error_of<GraphError>([&] { sum(y).backward(); }), testing::contains("went another way"));
}
