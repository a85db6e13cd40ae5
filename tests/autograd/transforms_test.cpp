// vjp, jvp, jacobian, hessian, hvp: against what is known on paper, and against each other.
#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/transforms.hpp>

using namespace weft;
using namespace weft::testing;

namespace {

Tensor values(const std::vector<double>& elements, const Shape& shape) { return tensor(elements, shape, float64); }
Tensor vector(const std::vector<double>& elements) { return tensor(elements, float64); }

// (a b, sin(a) + b^2), element by element.
Tensors two(const Tensors& x) { return {x[0] * x[1], sin(x[0]) + square(x[1])}; }

}  // namespace

TEST_CASE("transforms: vjp is the seeds times the Jacobian") {
    const Tensor a = vector({1, 2}), b = vector({3, 4}), u = vector({1, 10}), v = vector({2, 5});
    const auto [y, dx] = vjp(two, {a, b}, {u, v});
    CHECK(difference(y[0], a * b) == 0);
    CHECK(difference(dx[0], u * b + v * cos(a)) < 1e-15);
    CHECK(difference(dx[1], u * a + 2 * v * b) < 1e-15);
    CHECK_FALSE(y[0].requires_grad());
    CHECK_FALSE(dx[0].requires_grad());
    CHECK_FALSE(a.requires_grad());
    CHECK_THAT(thrown_text<ValueError>([&] {
                   vjp(two, {a, b}, {u});
               }),
               contains("vjp") && contains("2 results") && contains("received 1"));
}

TEST_CASE("transforms: jvp is the Jacobian times the direction") {
    const Tensor a = vector({1, 2}), b = vector({3, 4}), p = vector({1, 10}), q = vector({2, 5});
    const auto [y, dy] = jvp(two, {a, b}, {p, q});
    CHECK(difference(y[1], sin(a) + square(b)) == 0);
    CHECK(difference(dy[0], p * b + q * a) < 1e-15);
    CHECK(difference(dy[1], p * cos(a) + 2 * q * b) < 1e-15);
    // The one with the other: <u, J p> = <J' u, p>.
    const auto f = [](const Tensor& x) { return tanh(matmul(x, transpose(x))); };
    const Tensor x = spread({2, 3}, -1, 1, 3), direction = spread({2, 3}, -1, 1, 4), seed = spread({2, 2}, -1, 1, 5);
    const double forward = sum(seed * jvp(f, x, direction).second).item<double>();
    const double backward = sum(direction * vjp(f, x, seed).second).item<double>();
    CHECK(forward == Approx(backward).epsilon(1e-13));
    CHECK_THROWS_AS(jvp(two, {a, b}, {p}), ValueError);
}

TEST_CASE("transforms: the Jacobian has the results' axes, then the inputs'") {
    const Tensor w = values({1, 2, 3, 4, 5, 6}, {2, 3}), x = vector({1, 2, 3});
    CHECK(difference(jacobian([&](const Tensor& t) { return matmul(w, t); }, x), w) == 0);
    const std::vector<Tensors> both = jacobian(
        [](const Tensors& t) {
            return Tensors{matmul(t[0], t[1]), sum(t[1])};
        },
        {w, x});
    CHECK(both[0][0].shape() == Shape{2, 2, 3});
    CHECK(difference(select(both[0][0], 0, 1), values({0, 0, 0, 1, 2, 3}, {2, 3})) == 0);
    CHECK(difference(both[0][1], w) == 0);
    CHECK(difference(both[1][0], zeros({2, 3}, float64)) == 0);  // an input without influence
    CHECK(difference(both[1][1], ones({3}, float64)) == 0);
    CHECK(jacobian([](const Tensor& t) { return slice(t, 0, 0, 0); }, x).shape() == Shape{0, 3});
    CHECK(difference(jacobian([](const Tensor& t) { return t.detach() * 2; }, x), zeros({3, 3}, float64)) == 0);
    CHECK_THROWS_AS(jacobian([](const Tensor& t) { return t; }, zeros({1, 1, 1, 1, 1}, float64)), ShapeError);
}

TEST_CASE("transforms: the Hessian, whole and times a vector") {
    const Tensor a = values({2, 1, 0, 1, 3, 1, 0, 1, 4}, {3, 3}), x = vector({1, 2, 3}), v = vector({1, -1, 2});
    const auto quadratic = [&](const Tensor& t) { return 0.5 * sum(t * matmul(a, t)); };
    CHECK(difference(hessian(quadratic, x), a) < 1e-15);
    const auto [y, product] = hvp(quadratic, x, v);
    CHECK(y.item<double>() == Approx(quadratic(x).item<double>()));
    CHECK(difference(product, matmul(a, v)) < 1e-15);
    const auto curved = [](const Tensors& t) { return Tensors{sum(exp(t[0]) * square(t[1]))}; };
    const std::vector<Tensors> h = hessian(curved, {vector({0.5}), vector({3})});
    CHECK(h[0][0].item<double>() == Approx(9 * std::exp(0.5)));
    CHECK(h[0][1].item<double>() == Approx(6 * std::exp(0.5)));
    CHECK(h[1][0].item<double>() == Approx(6 * std::exp(0.5)));
    CHECK(h[1][1].item<double>() == Approx(2 * std::exp(0.5)));
    CHECK(difference(hessian([](const Tensor& t) { return sum(t); }, x), zeros({3, 3}, float64)) == 0);
    CHECK_THAT(thrown_text<ShapeError>([&] { hessian([](const Tensor& t) { return t; }, x); }),
               contains("single number") && contains("[3]"));
    CHECK_THROWS_AS(hvp([](const Tensor& t) { return t; }, x, v), ShapeError);
}

TEST_CASE("transforms: create_graph leads on, to the inputs and to what the function uses besides") {
    Tensor x = vector({1, 2}).set_requires_grad(), w = vector({3, 4}).set_requires_grad();
    const auto f = [&](const Tensor& t) { return sum(w * t * t * t); };
    const Tensor h = hessian(f, x, {.create_graph = true});  // diag(6 w x)
    CHECK(difference(grad(sum(h), Tensors{x, w}, {.retain_graph = true})[0], 6 * w) < 1e-14);
    CHECK(difference(grad(sum(h), w), 6 * x) < 1e-14);
    CHECK(difference(grad(sum(square(hvp(f, x, vector({1, 0}), {.create_graph = true}).second)), w),
                     vector({72 * 3, 0})) < 1e-12);
    const auto [y, slope] = jvp(f, x, vector({1, 1}), {.create_graph = true});
    CHECK(difference(grad(slope, w), 3 * square(x)) < 1e-14);
    CHECK_FALSE(hessian(f, x).requires_grad());
    CHECK_FALSE(x.grad().defined());
    // A value made of x is a constant to f.
    const Tensor z = x * 2;
    CHECK(difference(jacobian([&](const Tensor& t) { return t * z; }, x, {.create_graph = true}),
                     values({2, 0, 0, 4}, {2, 2})) == 0);
    // Recording is on inside, whatever the caller does.
    CHECK(difference(no_grad([&] { return jacobian([](const Tensor& t) { return square(t); }, x); }),
                     values({2, 0, 0, 4}, {2, 2})) == 0);
}

TEST_CASE("transforms: integers have no derivative") {
    CHECK_THAT(thrown_text<DTypeError>([] { jacobian([](const Tensor& t) { return t.to(float32); }, arange(3)); }),
               contains("jacobian") && contains("int64 [3]") && contains("float32"));
    const auto rounded = [](const Tensors& x) { return Tensors{argmax(x[0], 0), x[0] * 2}; };
    const auto [y, dy] = jvp(rounded, {vector({1, 3})}, {vector({1, 1})});
    CHECK(y[0].dtype() == int64);
    CHECK(difference(dy[1], vector({2, 2})) == 0);
}
