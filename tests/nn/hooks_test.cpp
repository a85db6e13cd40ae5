// Hooks on modules, parameters that are lent or frozen, checkpoints of modules.
#include "../autograd/plain.hpp"
#include "catch.hpp"

#include <weft/autograd/checkpoint.hpp>
#include <weft/autograd/grad.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/nn/dropout.hpp>
#include <weft/nn/linear.hpp>
#include <weft/nn/sequential.hpp>
#include <weft/optim/sgd.hpp>

using namespace weft;
using namespace weft::testing;

namespace {

nn::Sequential two_layers() {
    manual_seed(1);
    return {nn::Linear(3, {.activation = "tanh", .input_shape = {2}}), nn::Linear(1)};
}

}  // namespace

TEST_CASE("module hooks: see, and replace, inputs and results") {
    nn::Linear layer(2, 3);
    const Tensor x = ones({4, 2});
    const Tensor plain = layer(x);
    int before = 0, after = 0;
    HookHandle first = layer.register_forward_pre_hook([&](const nn::Module& module, const Tensors& inputs) {
        ++before;
        CHECK(module.class_name() == "Dense");
        return Tensors{inputs[0] * 2};
    });
    HookHandle second =
        layer.register_forward_hook([&](const nn::Module&, const Tensors& inputs, const Tensors& results) {
            ++after;
            CHECK(difference(inputs[0], full({4, 2}, 2)) == 0);  // as the hook before left them
            CHECK(results.size() == 1);
            return Tensors{};
        });
    CHECK(difference(layer(x), 2 * plain) < 1e-6);  // the bias is zero
    first.remove();
    second.remove();
    CHECK(difference(layer(x), plain) == 0);
    layer.register_forward_hook(
        [](const nn::Module&, const Tensors&, const Tensors& results) { return Tensors{results[0] + 1}; });
    CHECK(difference(layer(x), plain + 1) < 1e-6);
    CHECK(before == 1);
    CHECK(after == 1);
}

TEST_CASE("module hooks: hold within a model too, and for every copy") {
    nn::Linear layer(3, {.activation = "tanh", .input_shape = {2}});
    nn::Sequential model{layer, nn::Linear(1)};
    std::vector<Shape> seen;
    HookHandle handle = layer.register_forward_hook([&](const nn::Module&, const Tensors&, const Tensors& results) {
        seen.push_back(results[0].shape());
        return Tensors{};
    });
    model(ones({5, 2}));
    CHECK(seen == std::vector<Shape>{Shape{5, 3}});
    model.predict(ones({5, 2}));
    CHECK(seen.size() == 2);
}

TEST_CASE("with_parameters: gives whatever the function gives, and the parameters back after an error") {
    nn::Sequential model = two_layers();
    const Tensor x = ones({4, 2});
    const Tensor plain = model(x);
    Tensors other;
    for (const Tensor& p : model.parameters()) other.push_back((p.detach() * 2).set_requires_grad());
    const std::pair<Tensor, int> both = nn::with_parameters(model, other, [&] { return std::pair(model(x), 7); });
    CHECK(both.second == 7);
    CHECK(difference(both.first, plain) > 0.01);
    CHECK(difference(model(x), plain) == 0);
    const Tensors slopes = grad({sum(both.first)}, other);
    CHECK(slopes.size() == 4);
    CHECK_FALSE(model.parameters()[0].grad().defined());
    CHECK_THROWS_AS(nn::with_parameters(model, other, [&]() -> int { throw ValueError("no"); }), ValueError);
    CHECK(difference(model(x), plain) == 0);
    nn::with_parameters(model, other, [] {});
    CHECK_THAT(thrown_text<ValueError>([&] { nn::with_parameters(model, {other[0]}, [] {}); }),
               contains("4 parameters") && contains("received 1"));
}

TEST_CASE("modules: a single parameter is frozen, and thawed again") {
    nn::Sequential model = two_layers();
    Tensors parameters = model.parameters();
    optim::SGD optimizer(parameters, {.lr = 0.1});
    std::vector<Array> before;
    for (const Tensor& p : parameters) before.push_back(p.data().copy());
    parameters[0].set_requires_grad(false);  // a handle on the model's own
    CHECK(model.named_parameters().size() == 4);
    sum(square(model(ones({4, 2})))).backward();
    CHECK_FALSE(parameters[0].grad().defined());
    optimizer.step();
    CHECK(difference(parameters[0], Tensor(before[0])) == 0);
    CHECK(difference(parameters[2], Tensor(before[2])) > 0);
    parameters[0].set_requires_grad();
    sum(square(model(ones({4, 2})))).backward();
    CHECK(parameters[0].grad().defined());
}

TEST_CASE("checkpoint: of modules, with dropout, in a training loop") {
    manual_seed(1);
    nn::Linear in(2, 8, {.activation = "tanh"}), out(8, 1);
    nn::Dropout noise(0.5);
    const auto body = [&](const Tensor& t) { return out(noise(in(t))); };
    const Tensor x = ones({16, 2});
    body(x);  // builds
    Tensors parameters = in.parameters();
    for (const Tensor& p : out.parameters()) parameters.push_back(p);
    const auto slopes = [&](bool parts) {
        manual_seed(2);
        return grad({sum(square(parts ? checkpoint(body, x) : body(x)))}, parameters);
    };
    const Tensors whole = slopes(false), parts = slopes(true);
    for (std::size_t i = 0; i < whole.size(); ++i) CHECK(difference(parts[i], whole[i]) < 1e-6);
    // A module is itself a function of one tensor.
    CHECK(difference(grad(sum(checkpoint(in, x)), in.parameters()[0]), grad(sum(in(x)), in.parameters()[0])) < 1e-6);
}
