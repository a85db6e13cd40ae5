// Hooks on tensors and on nodes of the tape.
#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/grad.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reduce.hpp>

using namespace weft;
using namespace weft::testing;

namespace {

Tensor vector(const std::vector<double>& elements) { return tensor(elements, float64); }

}  // namespace

TEST_CASE("hooks: a tensor's hook sees its whole gradient, once a pass") {
    Tensor x = vector({1, 2}).set_requires_grad();
    const Tensor y = x * 3;
    int calls = 0;
    Tensor seen;
    HookHandle handle = y.register_hook([&](const Tensor& dy) {
        ++calls;
        seen = dy;
        return Tensor();
    });
    const Tensor loss = sum(y * y + y);
    loss.backward({}, true);
    CHECK(calls == 1);
    CHECK(difference(seen, 2 * y + 1) == 0);
    CHECK(difference(x.grad(), 3 * (2 * y + 1)) == 0);
    handle.remove();
    handle.remove();
    loss.backward();
    CHECK(calls == 1);
}

TEST_CASE("hooks: what a hook returns takes the gradient's place for all that lies before") {
    Tensor x = vector({1, 2}).set_requires_grad();
    const Tensor y = x * 3;
    y.register_hook([](const Tensor& dy) { return clip(dy, -1, 1); });
    y.register_hook([](const Tensor& dy) { return dy * 10; });  // after the first
    CHECK(difference(grad(sum(y * y), Tensors{x, y})[0], vector({30, 30})) == 0);
    CHECK(difference(grad(sum(y * y), y), vector({10, 10})) == 0);
    // On a leaf, and a plain number as a constant gradient.
    Tensor w = vector({5}).set_requires_grad();
    w.register_hook([](const Tensor&) { return Tensor(7); });
    CHECK_THROWS_AS(sum(w * 2).backward(), GraphError);  // [] is not [1]
    Tensor number = full({}, 2, float64).set_requires_grad();
    number.register_hook([](const Tensor&) { return 7; });
    square(number).backward();
    CHECK(number.grad().item<double>() == 7);
    CHECK(number.grad().dtype() == float64);
}

TEST_CASE("hooks: hooks are differentiated with create_graph, and only then") {
    Tensor x = vector({1, 2}).set_requires_grad();
    const Tensor y = x * 1;
    y.register_hook([&](const Tensor& dy) { return dy * x; });
    const Tensor slope = grad(sum(y * y), x, {.create_graph = true});  // 2 x x
    CHECK(difference(slope, 2 * square(x)) == 0);
    CHECK(difference(grad(sum(slope), x, {.retain_graph = true}), 2 * x + 2 * square(x)) <
          1e-14);  // and y's part again times x
    CHECK_FALSE(grad(sum(y * y), x).requires_grad());
}

TEST_CASE("hooks: a result of several has its own") {
    Tensor x = vector({1, 2, 3, 4}).set_requires_grad();
    const Tensors parts = split(x, {1, 3});
    int first = 0, second = 0;
    parts[0].register_hook([&](const Tensor& dy) { return ++first, dy * 10; });
    parts[1].register_hook([&](const Tensor& dy) { return ++second, dy * 100; });
    sum(parts[1]).backward();
    CHECK(first == 0);
    CHECK(second == 1);
    CHECK(difference(x.grad(), vector({0, 100, 100, 100})) == 0);
}

TEST_CASE("hooks: a node's hook sees and replaces what its op gives to its inputs") {
    Tensor a = vector({1, 2}).set_requires_grad(), b = vector({3, 4}).set_requires_grad();
    const Tensor constant = vector({1, 1});
    const Tensor y = a * b;
    Gradients inputs, results;
    HookHandle handle = y.register_node_hook([&](const Gradients& dx, const Gradients& dy) {
        inputs = dx, results = dy;
        return Gradients{dx[0] * 2, Tensor()};
    });
    const Tensor loss = sum(y * 5);
    loss.backward({}, true);
    CHECK(difference(inputs[0], 5 * b) == 0);
    CHECK(difference(inputs[1], 5 * a) == 0);
    CHECK(difference(results[0], vector({5, 5})) == 0);
    CHECK(difference(a.grad(), 10 * b) == 0);
    CHECK_FALSE(b.grad().defined());
    handle.remove();
    loss.backward();
    CHECK(difference(b.grad(), 5 * a) == 0);
    const Tensor z = a * constant;
    z.register_node_hook([&](const Gradients& dx, const Gradients&) {
        CHECK_FALSE(dx[1].defined());
        return Gradients{};
    });
    a.zero_grad();
    sum(z).backward();
    CHECK(difference(a.grad(), constant) == 0);
}

TEST_CASE("hooks: what cannot be is refused") {
    Tensor x = vector({1, 2}).set_requires_grad();
    CHECK_THAT(thrown_text<GraphError>([] { zeros({2}).register_hook([](const Tensor& dy) { return dy; }); }),
               contains("register_hook") && contains("set_requires_grad"));
    CHECK_THAT(thrown_text<GraphError>(
                   [&] { x.register_node_hook([](const Gradients& dx, const Gradients&) { return dx; }); }),
               contains("register_node_hook") && contains("not the result"));
    const Tensor y = exp(x);
    HookHandle handle = y.register_hook([](const Tensor&) { return zeros({3}, float64); });
    CHECK_THAT(thrown_text<GraphError>([&] { sum(y).backward({}, true); }),
               contains("exp") && contains("float64 [2]") && contains("float64 [3]"));
    handle.remove();
    handle = y.register_hook([](const Tensor& dy) { return dy.to(float32); });
    CHECK_THAT(thrown_text<GraphError>([&] { sum(y).backward({}, true); }),
               contains("float64 [2]") && contains("float32 [2]"));
    handle.remove();
    y.register_node_hook([](const Gradients& dx, const Gradients&) { return Gradients{dx[0], dx[0]}; });
    CHECK_THAT(thrown_text<GraphError>([&] { sum(y).backward(); }),
               contains("exp") && contains("1 inputs") && contains("received 2"));
    CHECK_FALSE(x.grad().defined());
}

TEST_CASE("hooks: a handle may outlive what it hung on, and a hook may take itself off") {
    HookHandle handle;
    {
        Tensor x = vector({1}).set_requires_grad();
        handle = x.register_hook([](const Tensor& dy) { return dy * 2; });
    }
    handle.remove();
    Tensor x = vector({1}).set_requires_grad();
    int calls = 0;
    HookHandle once;
    once = x.register_hook([&](const Tensor& dy) {
        ++calls;
        once.remove();
        return dy * 2;
    });
    sum(x).backward();
    sum(x).backward();
    CHECK(calls == 1);
    CHECK(x.grad().item<double>() == 3);
}
