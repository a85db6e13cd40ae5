// Ops of one's own.
#include "catch.hpp"
#include "plain.hpp"
#include "paths.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/autograd/memory.hpp>

#include <xtensor/xmath.hpp>

#include <fstream>

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
        return {ctx.wanted(0) ? slope * x + dy[1] * y * scale : Tensor(),
                ctx.wanted(1) ? slope * y + dy[1] * x * scale : Tensor()};
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

// Values and indices, as a maximum over rows gives them; two raw loops.
struct RowMaximum : Function<RowMaximum> {
    static std::array<Tensor, 2> forward(Context& ctx, const Tensor& x) {
        Tensor largest = zeros({x.shape(0)}, float64), index = argmax(x, -1);
        const auto out = largest.mutable_values<double>();
        for (std::int64_t r = 0; r < x.shape(0); ++r)
            out[r] = x.values<double>()[r * x.shape(1) + index.values<std::int64_t>()[r]];
        ctx.save(index);
        return {largest, index};
    }
    static Gradients backward(Context& ctx, const Tensors& dy) {
        auto [index] = ctx.saved<1>();
        return {expand_dims(dy[0], 1) * one_hot(index, 3, float64)};
    }
};

// y = x^3, and a result that is marked as constant.
struct CubeAndSign : Function<CubeAndSign> {
    static Tensors forward(Context& ctx, const Tensor& x) {
        Tensor y = x * x * x, direction = sign(x);
        ctx.save(x, direction);
        ctx.mark_non_differentiable(direction);
        return {y, direction};
    }
    static Gradients backward(Context& ctx, const Tensors& dy) {
        auto [x, direction] = ctx.saved<2>();
        return {dy[0] * 3 * abs(x) * x * direction};
    }
};

// Raw loops in both directions.
struct RawCube : Function<RawCube> {
    static Tensor forward(Context& ctx, const Tensor& x) {
        ctx.save(x);
        Tensor y = zeros_like(x);
        for (std::int64_t i = 0; double v : x.values<double>()) y.mutable_values<double>()[i++] = v * v * v;
        return y;
    }
    static Gradients backward(Context& ctx, const Tensor& dy) {
        auto [x] = ctx.saved<1>();
        Tensor dx = zeros_like(x);
        const auto in = x.values<double>(), up = dy.values<double>();
        for (std::int64_t i = 0; i < x.elements(); ++i) dx.mutable_values<double>()[i] = 3 * in[i] * in[i] * up[i];
        return {dx};
    }
};

struct TooSmall : Function<TooSmall> {
    static Tensor forward(Context&, const Tensor& x, const Tensor& y) { return x * y; }
    static Gradients backward(Context&, const Tensor& dy) { return {sum(dy), dy}; }
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
    CHECK_THAT(thrown_text<GraphError>([&] { sum(y).backward(); }),
               contains("SavesResult") && contains("changed in place"));
}

TEST_CASE("function: a list of tensors is as many inputs") {
    const Tensors list{input().set_requires_grad(), input().set_requires_grad(), input().set_requires_grad()};
    sum(Total::apply(list)).backward();
    for (const Tensor& x : list) CHECK(difference(x.grad(), ones({2, 3}, float64)) == 0);
}

TEST_CASE("function: a derivative that does not fit is an error that names the function") {
    const Tensor x = input().set_requires_grad(), y = input().set_requires_grad();
    CHECK_THAT(thrown_text<GraphError>([&] { sum(TooFew::apply(x, y)).backward(); }),
               contains("TooFew") && contains("1 gradients for 2 inputs") && contains("input 1 float64 [2, 3]"));
    CHECK_THAT(thrown_text<GraphError>([&] { sum(TooSmall::apply(x, y)).backward(); }),
               contains("TooSmall") && contains("gradient of input 0") && contains("[2, 3]") && contains("float64 []"));
    CHECK_THAT(thrown_text<GraphError>([&] { WrongShape::apply(x).backward(); }),
               contains("WrongShape") && contains("[2, 3]") && contains("[7]"));
    CHECK_THAT(thrown_text<GraphError>([&] { sum(WrongType::apply(x)).backward(); }),
               contains("WrongType") && contains("float64") && contains("float32"));
    CHECK_THAT(thrown_text<GraphError>([&] { sum(SavesTooLittle::apply(x)).backward(); }), contains("saved tensor 1"));
    CHECK_FALSE(x.grad().defined());
}

TEST_CASE("function: results without a derivative are off the tape") {
    const Tensor x = tensor({1, 5, 2, 7, 3, 4}, {2, 3}, float64).set_requires_grad();
    const auto [largest, index] = RowMaximum::apply(x);
    CHECK(difference(largest, tensor({5, 7}, float64)) == 0);
    CHECK(index.dtype() == int64);
    CHECK_FALSE(index.requires_grad());
    CHECK(difference(grad(sum(largest), x), tensor({0, 1, 0, 1, 0, 0}, {2, 3}, float64)) == 0);
    const Tensor z = input().set_requires_grad();
    const Tensors both = CubeAndSign::apply(z);
    CHECK_FALSE(both[1].requires_grad());
    CHECK(difference(grad(sum(both[0] * both[1]), z), 3 * square(z) * sign(z)) < 1e-14);
    const GradcheckReport report =
        gradcheck([](const Tensors& t) { return CubeAndSign::apply(t[0]); }, {input()}, {.order = 3});
    INFO(report.table);
    CHECK(report.passed);
}

TEST_CASE("function: a backward outside tensor ops is differentiable once, and says so") {
    const Tensor x = input().set_requires_grad(), w = input().set_requires_grad();
    CHECK(gradcheck([](const Tensor& t) { return RawCube::apply(t); }, input(), {.order = 1}).passed);
    const Tensor slope = grad(sum(RawCube::apply(x)), x, {.create_graph = true});
    CHECK(difference(slope, 3 * square(x)) < 1e-14);
    CHECK_THAT(thrown_text<GraphError>([&] { sum(slope).backward(); }), contains("RawCube") && contains("input 0") &&
                                                                            contains("outside tensor ops") &&
                                                                            contains("Write backward in tensor ops"));
    // Where the second derivative does not pass through it, it is no hindrance.
    const Tensor mixed = grad(sum(RawCube::apply(x)) + sum(w * w * w), w, {.create_graph = true});
    CHECK(difference(grad(sum(mixed), w), 6 * w) < 1e-14);
    // A derivative that is linear, or zero, is no error.
    struct Triple : Function<Triple> {
        static Tensor forward(Context&, const Tensor& t) { return t * 3; }
        static Gradients backward(Context&, const Tensor& dy) { return {dy * 3}; }
    };
    struct Step : Function<Step> {
        static Tensor forward(Context&, const Tensor& t) { return sign(t); }
        static Gradients backward(Context&, const Tensor& dy) { return {Tensor(zeros_array(dy.shape(), dy.dtype()))}; }
    };
    assert_gradients([](const Tensor& t) { return Triple::apply(t) * Step::apply(t); }, input());
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
    CHECK_THAT(report.table, contains("derivative of order 1 by input 0, float64 [2, 3]: 6 of 6 elements"));
    CHECK_THAT(report.table,
               contains("position") && contains("analytic") && contains("central difference") && contains("[1, 2]"));
    CHECK_THAT(gradcheck(wrong, {input()}, {.lines = 2}).table, contains("and 4 more"));
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
    CHECK_FALSE(gradgradcheck(frozen, {input()}, {.order = 1}).passed);
    CHECK_THAT(gradgradcheck(frozen, {input()}).table, contains("derivative of order 2"));
}

// Examples and tests alike: each op is used, and those that are right are gradient-checked, where it is written.
TEST_CASE("function: an op of one's own costs its user at most fifteen lines") {
    int ops = 0;
    for (const char* name : {"tests/autograd/function_test.cpp", "examples/custom_layer.cpp"}) {
        std::ifstream file(source_path(name));
        std::string line, op;
        int lines = 0;
        while (std::getline(file, line)) {
            if (line.starts_with("struct ") && line.find(" : Function<") != std::string::npos)
                op = line, lines = 0, ++ops;
            if (op.empty()) continue;
            CHECK(line.size() <= 120);
            ++lines;
            if (line != "};") continue;
            INFO(name << ": " << op << " " << lines << " lines");
            CHECK(lines <= 15);
            op.clear();
        }
    }
    CHECK(ops >= 10);
}
