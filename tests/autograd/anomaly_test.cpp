// Anomaly mode: which op gave the first NaN, in which modules, called from where.
#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/anomaly.hpp>
#include <weft/autograd/grad.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/nn/module.hpp>

using namespace weft;
using namespace weft::testing;

namespace {

// Not inlined, so that the call stack has it.
[[gnu::noinline]] Tensor root_of_square(const Tensor& x) {
    const Tensor y = sqrt(square(x));
    asm volatile("");  // nor left by a jump
    return y;
}

struct Distance : nn::Module {
    Tensor forward(const Tensor& x) override { return root_of_square(x); }
};

struct Net : nn::Module {
    Distance distance = module("distance", Distance());
    Tensor forward(const Tensor& x) override { return tanh(distance(x * 2)); }
};

Tensor leaf(const std::vector<double>& elements) { return tensor(elements, float64).set_requires_grad(); }

}  // namespace

TEST_CASE("anomaly: names the op, the place, the modules and the calls") {
    Net net;
    net.set_name("net");
    const Tensor x = leaf({1, 0, 3});
    const std::string text = thrown_text<NotFiniteError>([&] {
        const DetectAnomaly guard;
        sum(net(x)).backward();
    });
    CAPTURE(text);
    // The derivative of sqrt is infinite at 0; times 0, in that of square, it would be NaN.
    CHECK_THAT(text,
               contains("the derivative of sqrt gave infinity at [1] in the gradient of its input 0, float64 [3]"));
    CHECK_THAT(text, contains("called in Net 'net' > Distance 'distance'"));
    CHECK_THAT(text, contains("weft::sqrt(weft::Tensor const&)"));
    CHECK_THAT(text, contains("root_of_square(weft::Tensor const&)"));
    CHECK_THAT(text, !contains("DetectAnomaly::op"));
    CHECK_FALSE(x.grad().defined());
}

TEST_CASE("anomaly: says nothing while all is finite, and nothing when off") {
    const Tensor x = leaf({1, 0, 3}), positive = leaf({1, 2, 3});
    detect_anomaly([&] { sum(root_of_square(positive)).backward(); });
    CHECK(difference(positive.grad(), ones({3}, float64)) < 1e-15);
    CHECK_NOTHROW(sum(root_of_square(x)).backward());
}

TEST_CASE("anomaly: an op of a derivative says whose it was") {
    const Tensor x = leaf({0, 2});
    const std::string text = thrown_text<NotFiniteError>([&] {
        const DetectAnomaly guard;
        const Tensor slope = grad(sum(pow(x, 1.5)), x, {.create_graph = true});  // 1.5 sqrt(x): finite
        sum(slope).backward();
    });
    CAPTURE(text);
    CHECK_THAT(text, contains("the derivative of pow") && contains("called by the derivative of pow") &&
                         contains("The op whose derivative called it"));
}

TEST_CASE("anomaly: a seed that is not finite, and ops recorded before") {
    const Tensor x = leaf({1, 2});
    const Tensor y = exp(x);
    const DetectAnomaly guard;
    const std::string text = thrown_text<NotFiniteError>([&] { y.backward(tensor({1, std::nan("")}, float64)); });
    CHECK_THAT(text, contains("exp") && contains("came to its result 0 was not finite already: NaN at [1]") &&
                         contains("recorded before anomaly mode"));
}
