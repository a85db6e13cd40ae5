// Ops of one's own.
#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/autograd/memory.hpp>

#include <xtensor/xmath.hpp>

using namespace weft;
using namespace weft::testing;

namespace {

struct Softsign : Function<Softsign> {
    static Tensor forward(Context& ctx, const Tensor& x) {
        ctx.save(x);
        return x.visit([](const auto& a) -> Tensor { return a / (1.f + xt::abs(a)); });
    }
    static Gradients backward(Context& ctx, const Tensor& dy) {
        auto [x] = ctx.saved<1>();
        return {dy / square(1.f + abs(x))};
    }
};

// Two inputs, two results, one of them saved, and an argument that is no tensor.
struct ScaledPolar : Function<ScaledPolar> {
    static Tensors forward(Context& ctx, const Tensor& x, double scale, const Tensor& y) {
        const Tensor radius = sqrt(square(x) + square(y)) * scale;
        ctx.save(x, y, radius);
        return {radius, x * y * scale};
    }
    static Gradients backward(Context& ctx, const Tensors& dy) {
        auto [x, y, radius] = ctx.saved<3>();
        const Tensor scale = radius / sqrt(square(x) + square(y));
        const Tensor slope = dy[0] * scale * scale / radius;
        return {ctx.wanted(0) ? slope * x + dy[1] * y * scale : Tensor(), ctx.wanted(1) ? slope * y + dy[1] * x * scale : Tensor()};
    }
};

struct SavesResult : Function<SavesResult> {
    static Tensor forward(Context& ctx, const Tensor& x) {
        const Tensor y = exp(x);
        ctx.save(y);
        return y;
    }
    static Gradients backward(Context& ctx, const Tensor& dy) {
        auto [y] = ctx.saved<1>();
        return {dy * y};
    }
};

struct Total : Function<Total> {
    static Tensor forward(Context&, const Tensors& list) {
        Tensor total = list[0];
        for (std::size_t i = 1; i < list.size(); ++i) total = total + list[i];
        return total;
    }
    static Gradients backward(Context&, const Tensor& dy) { return {dy, dy * 1, dy}; }
};

struct TooFew : Function<TooFew> {
    static Tensor forward(Context&, const Tensor& x, const Tensor& y) { return x + y; }
    static Gradients backward(Context&, const Tensor& dy) { return {dy}; }
};

struct WrongShape : Function<WrongShape> {
    static Tensor forward(Context&, const Tensor& x) { return sum(x); }
    static Gradients backward(Context&, const Tensor&) { return {zeros({7}, float64)}; }
};

struct WrongType : Function<WrongType> {
    static Tensor forward(Context&, const Tensor& x) { return x * 2; }
    static Gradients backward(Context&, const Tensor& dy) { return {dy.to(float32)}; }
};

struct SavesTooLittle : Function<SavesTooLittle> {
    static Tensor forward(Context& ctx, const Tensor& x) {
        ctx.save(x);
        return x * 2;
    }
    static Gradients backward(Context& ctx, const Tensor& dy) {
        auto [x, y] = ctx.saved<2>();
        return {dy * x * y};
    }
};

struct Throws : Function<Throws> {
    static Tensor forward(Context&, const Tensor& x) { return x * 2; }
    static Gradients backward(Context&, const Tensor&) { throw ValueError("no"); }
};

Tensor input() { return spread({2, 3}, -2, 2, 1, {0}); }

}  // namespace

TEST_CASE("function: forward in xtensor, backward in tensor ops, differentiable twice") {
    const Tensor x = input();
    CHECK(difference(Softsign::apply(x), x / (1 + abs(x))) < 1e-15);
    assert_gradients([](const Tensor& t) { return Softsign::apply(t); }, x);
    CHECK(Softsign::apply(x.to(float32)).dtype() == float32);
    CHECK_FALSE(Softsign::apply(x).requires_grad());
}

TEST_CASE("function: several inputs and results, other arguments, wanted") {
    const auto both = [](const Tensors& x) { return ScaledPolar::apply(x[0], 1.5, x[1]); };
    const Tensors inputs{spread({3}, 0.5, 2, 1), spread({3}, 0.5, 2, 2)};
    const GradcheckReport report = gradcheck(both, inputs);
    INFO(report.table);
    CHECK(report.passed);
    // A result that nothing uses sends a gradient of zeros; an input that needs none is not asked for.
    Tensor x = inputs[0].detach().set_requires_grad();
    const Tensors results = ScaledPolar::apply(x, 2.0, inputs[1]);
    CHECK(difference(grad(sum(results[1]), x), inputs[1] * 2) < 1e-15);
}

TEST_CASE("function: a saved result makes no cycle and keeps its place on the tape") {
    assert_gradients([](const Tensor& t) { return SavesResult::apply(t); }, input());
    const std::size_t before = memory_use().in_use;
    {
        const Tensor x = zeros({64, 1024}, float64).set_requires_grad();
        const Tensor y = SavesResult::apply(x);
        CHECK(memory_use().in_use > before);
    }
    CHECK(memory_use().in_use == before);
    Tensor x = input().set_requires_grad();
    Tensor y = SavesResult::apply(x);
    y.mutable_array<double>()(0, 0) = 3;
    CHECK_THAT(thrown_text<GraphError>([&] { sum(y).backward(); }), contains("SavesResult") && contains("changed in place"));
}

TEST_CASE("function: a list of tensors is as many inputs") {
    const Tensors list{input().set_requires_grad(), input().set_requires_grad(), input().set_requires_grad()};
    sum(Total::apply(list)).backward();
    for (const Tensor& x : list) CHECK(difference(x.grad(), ones({2, 3}, float64)) == 0);
}

TEST_CASE("function: a derivative that does not fit is an error that names the function") {
    const Tensor x = input().set_requires_grad(), y = input().set_requires_grad();
    CHECK_THAT(thrown_text<GraphError>([&] { sum(TooFew::apply(x, y)).backward(); }), contains("TooFew") && contains("1 gradients for 2 inputs"));
    CHECK_THAT(thrown_text<GraphError>([&] { WrongShape::apply(x).backward(); }), contains("WrongShape") && contains("[2, 3]") && contains("[7]"));
    CHECK_THAT(thrown_text<GraphError>([&] { sum(WrongType::apply(x)).backward(); }), contains("WrongType") && contains("float64") && contains("float32"));
    CHECK_THAT(thrown_text<GraphError>([&] { sum(SavesTooLittle::apply(x)).backward(); }), contains("saved tensor 1"));
    CHECK_FALSE(x.grad().defined());
}

TEST_CASE("function: what backward throws comes out, and the tape works on") {
    const Tensor x = input().set_requires_grad();
    CHECK_THROWS_AS(sum(Throws::apply(x)).backward(), ValueError);
    CHECK(grad_enabled());
    CHECK(running_op() == "backward");
    CHECK(difference(grad(sum(x * 2), x), full({2, 3}, 2, float64)) == 0);
}

TEST_CASE("gradcheck: finds a wrong derivative, and asks for float64") {
    struct Wrong : Function<Wrong> {
        static Tensor forward(Context& ctx, const Tensor& x) {
            ctx.save(x);
            return square(x);
        }
        static Gradients backward(Context& ctx, const Tensor& dy) { return {dy * ctx.saved<1>()[0] * 2.0001}; }
    };
    const auto wrong = [](const Tensors& x) { return Tensors{Wrong::apply(x[0])}; };
    const GradcheckReport report = gradcheck(wrong, {input()});
    CHECK_FALSE(report.passed);
    CHECK_THAT(report.table, contains("central difference"));
    CHECK_THROWS_AS(assert_gradients(wrong, {input()}), GraphError);
    CHECK_THAT(thrown_text<DTypeError>([&] { gradcheck(wrong, {zeros({2})}); }), contains("float64"));

    // Right at first order, wrong at second: the derivative is computed from the value alone.
    struct Frozen : Function<Frozen> {
        static Tensor forward(Context& ctx, const Tensor& x) {
            ctx.save(x);
            return square(x);
        }
        static Gradients backward(Context& ctx, const Tensor& dy) { return {dy * ctx.saved<1>()[0].detach() * 2}; }
    };
    const auto frozen = [](const Tensors& x) { return Tensors{Frozen::apply(x[0])}; };
    CHECK(gradcheck(frozen, {input()}, {.order = 1}).passed);
    CHECK_FALSE(gradcheck(frozen, {input()}).passed);
}
