// Checkpoints give what the same function gives without them, and keep less.
#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/checkpoint.hpp>
#include <weft/autograd/gradcheck.hpp>
#include <weft/autograd/memory.hpp>
#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/dropout.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/scan.hpp>
#include <weft/autograd/recall.hpp>

using namespace weft;
using namespace weft::testing;

namespace {

Tensor vector(const std::vector<double>& elements) { return tensor(elements, float64); }
Tensor leaf(const std::vector<double>& elements) { return vector(elements).set_requires_grad(); }

}  // namespace

TEST_CASE("checkpoint: values and gradients are those without it, also of what the function captures") {
    Tensor x = leaf({1, 2}), w = leaf({0.5, -0.3});
    const Tensor constant = vector({2, 3}), made = w * 2;  // captured, and on the tape itself
    const auto f = [&](const Tensor& t) { return tanh(t * w + constant) * made; };
    const Tensors expected = grad(sum(f(x)), Tensors{x, w}, {.retain_graph = true});
    int calls = 0;
    const Tensor y = checkpoint([&](const Tensor& t) { return ++calls, f(t); }, x);
    CHECK(difference(y, f(x)) == 0);
    const Tensors found = grad(sum(y), Tensors{x, w}, {.retain_graph = true});
    CHECK(calls == 2);
    CHECK(difference(found[0], expected[0]) < 1e-15);
    CHECK(difference(found[1], expected[1]) < 1e-15);
    sum(y).backward();
    CHECK(difference(x.grad(), expected[0]) < 1e-15);
    CHECK(difference(w.grad(), expected[1]) < 1e-15);
    CHECK_THAT(thrown_text<GraphError>([&] { sum(y).backward(); }), contains("checkpoint") && contains("retain_graph"));
}

TEST_CASE("checkpoint: second and third derivatives") {
    const Tensors inputs{spread({2, 3}, -1, 1, 1), spread({3}, 0.5, 1.5, 2)};
    const auto f = [](const Tensors& x) {
        return checkpoint([&](const Tensors& t) { return Tensors{tanh(t[0]) * exp(t[1]), square(t[1])}; }, x);
    };
    const GradcheckReport report = gradcheck(f, inputs, {.order = 3, .tolerance = 1e-5});
    INFO(report.table);
    CHECK(report.passed);
    // With respect to what is captured, and of an input before the checkpoint.
    const GradcheckReport captured = gradgradcheck(
        [](const Tensors& x) {
            const Tensor made = exp(x[1]);
            return Tensors{checkpoint([made, w = x[1]](const Tensor& t) { return sin(t) * made * w; }, x[0] * x[1])};
        },
        inputs);
    INFO(captured.table);
    CHECK(captured.passed);
}

TEST_CASE("checkpoint: within a checkpoint") {
    const Tensor x = spread({3}, -1, 1, 1);
    const auto twice = [](const Tensor& t) {
        return checkpoint(
            [](const Tensor& u) { return checkpoint([](const Tensor& v) { return sin(v) * v; }, u * 2) + u; }, t);
    };
    assert_gradients(twice, x);
}

TEST_CASE("checkpoint: a function that differentiates within") {
    const Tensor x = spread({3}, 0.5, 1, 1);
    const auto slope = [](const Tensor& t) { return grad(sum(t * t * t), t, {.create_graph = true}); };
    assert_gradients([&](const Tensor& t) { return checkpoint(slope, t); }, x);
}

TEST_CASE("checkpoint: dropout draws again what it drew, and what comes after draws as without") {
    Tensor x = full({1000}, 1, float64).set_requires_grad();
    const auto f = [](const Tensor& t) { return dropout(dropout(t, 0.5), 0.2); };
    manual_seed(3);
    const Tensor plain = f(x);
    const Tensor after = dropout(x, 0.5).detach();
    manual_seed(3);
    const Tensor y = checkpoint(f, x);
    CHECK(difference(y, plain) == 0);
    CHECK(difference(dropout(x, 0.5), after) == 0);
    sum(y).backward();
    CHECK(difference(x.grad(), y) == 0);  // the derivative is the mask
    manual_seed(3);
    f(x), dropout(x, 0.5);
    const Tensor next = dropout(x, 0.5).detach();
    manual_seed(3);
    const Tensor again = checkpoint(f, x);
    dropout(x, 0.5);
    sum(again).backward();  // replaying takes nothing from the generator
    CHECK(difference(dropout(x, 0.5), next) == 0);
}

TEST_CASE("checkpoint: what its function recalls is what it read at first, and it knows when it runs again") {
    bool doubled = true;
    int written = 0;
    const auto f = [&](const Tensor& t) {
        const bool twice = recalled(doubled);
        const double factor = recalled(twice ? 2.0 : 1.0);
        if (!recomputing()) ++written;
        return t * t * factor;
    };
    const auto slope = [&](const TensorMap& g) {
        doubled = true;
        written = 0;
        const Tensor x = leaf({3, 5}), y = g(x);
        doubled = false;
        const Tensor first = grad(sum(y), x, {.create_graph = true});
        CHECK(written == 1);
        CHECK_FALSE(recomputing());
        CHECK(difference(first, x * 4) < 1e-12);
        CHECK(difference(grad(sum(first * x), x), x * 8) < 1e-12);
        CHECK(written == 1);
    };
    slope([&](const Tensor& x) { return checkpoint(f, x); });
    slope([&](const Tensor& x) { return checkpoint([&](const Tensor& t) { return checkpoint(f, t) + 1.0; }, x); });
}

TEST_CASE("checkpoint: results that nothing uses, that need no gradient, or that are inputs") {
    Tensor x = leaf({1, 2});
    const Tensor constant = vector({5, 6});
    const Tensors y = checkpoint(
        [&](const Tensors& t) {
            return Tensors{t[0] * 3, argmax(t[0], 0), constant * 2, t[1], exp(t[0])};
        },
        {x, constant});
    CHECK(y[1].dtype() == int64);
    CHECK(difference(grad(sum(y[0]) + sum(y[3] * x), x), constant + 3) == 0);
    CHECK_FALSE(checkpoint([](const Tensor& t) { return t * 2; }, constant).requires_grad());
    CHECK_FALSE(no_grad([&] { return checkpoint([](const Tensor& t) { return t * 2; }, x); }).requires_grad());
    CHECK(difference(grad(sum(checkpoint([](const Tensor& t) { return t; }, x)), x), vector({1, 1})) == 0);
}

TEST_CASE("checkpoint: an input changed in place since is noticed") {
    Tensor x = leaf({1, 2});
    const Tensor y = checkpoint([](const Tensor& t) { return exp(t); }, x);
    x.mutable_array<double>()(0) = 7;
    CHECK_THAT(thrown_text<GraphError>([&] { sum(y).backward(); }),
               contains("checkpoint") && contains("changed in place"));
}

TEST_CASE("checkpoint: what its function captures, changed in place since, is noticed") {
    const Tensor x = leaf({1, 2});
    for (const bool learns : {false, true}) {
        Tensor captured = vector({3, 4}).set_requires_grad(learns);
        const Tensor y = checkpoint([&](const Tensor& t) { return exp(t * captured); }, x);
        const double before = captured.array<double>()(1);
        captured.mutable_array<double>()(1) = 7;
        CHECK_THAT(thrown_text<GraphError>([&] { grad(sum(y), x, {.retain_graph = true}); }),
                   contains("checkpoint") && contains("changed since"));
        captured.mutable_array<double>()(1) = before;
        CHECK(difference(grad(sum(y), x), exp(x * captured) * captured) == 0);
    }
    int calls = 0;
    const Tensor y = checkpoint([&](const Tensor& t) { return t * double(++calls); }, x);
    CHECK_THAT(thrown_text<GraphError>([&] { sum(y).backward(); }), contains("result 0") && contains("[2]"));
}

TEST_CASE("checkpoint: a hundred layers keep a quarter of the memory") {
    const Tensor start = full({64, 256}, 0.1f).set_requires_grad();  // 64 KiB: large enough to be counted
    Tensors weights;
    for (int i = 0; i < 100; ++i) weights.push_back(full({256}, 0.9f).set_requires_grad());
    const auto layers = [&](Tensor x, int first, int last) {
        for (int i = first; i < last; ++i) x = sin(x * weights[static_cast<std::size_t>(i)]);
        return x;
    };
    const auto peak_of = [&](auto&& forward) {
        const std::size_t before = memory_use().in_use;
        reset_peak_memory();
        sum(forward()).backward();
        return memory_use().peak - before;
    };
    const std::size_t whole = peak_of([&] { return layers(start, 0, 100); });
    const Tensor expected = weights[0].grad();
    for (Tensor& w : weights) w.zero_grad();
    const std::size_t parts = peak_of([&] {
        Tensor x = start;
        for (int i = 0; i < 100; i += 10)
            x = checkpoint([&layers, i](const Tensor& t) { return layers(t, i, i + 10); }, x);
        return x;
    });
    CHECK(difference(weights[0].grad(), expected) < 1e-6);
    INFO(parts << " bytes at the most, " << whole << " without checkpoints");
    CHECK(4 * parts <= whole);
}

TEST_CASE("checkpoint: long chains of checkpoints need no recursion") {
    const Tensor x = leaf({1});
    Tensor y = x;
    for (int i = 0; i < 20'000; ++i) y = checkpoint([](const Tensor& t) { return t + 1.0; }, y);
    CHECK(grad(y, x, {.grad_outputs = {vector({1})}}).item<double>() == 1);
}
