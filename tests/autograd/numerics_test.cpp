// Where plain formulas fail: long sums, ties, huge arguments, infinities and NaN.
#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/autograd.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace weft;
using namespace weft::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

Tensor slope(const std::function<Tensor(const Tensor&)>& f, const std::vector<double>& at, DType dtype = float64) {
    const Tensor x = tensor(at, dtype).set_requires_grad();
    return grad(sum(f(x)), x);
}

}  // namespace

TEST_CASE("numerics: thirty million float ones sum to thirty million") {
    const Tensor x = ones({30'000'000});
    CHECK(sum(x).item<double>() == 30e6);
    CHECK(mean(x).item<double>() == Approx(1).epsilon(1e-7));
    CHECK(sum(x.reshape({3, 10'000'000}), 1).item<double>(2) == 10e6);
    CHECK(sum(x.reshape({15'000'000, 2}), 0).item<double>(1) == 15e6);
    CHECK(sum(x.reshape({2, 15'000'000, 1}), 1).item<double>(1) == 15e6);
}

TEST_CASE("numerics: few long rows, reduced in pieces, miss nothing and give the same bits on any number of threads") {
    const int before = num_threads();
    for (const Shape& shape :
         {Shape{1, 1'500'007, 1}, Shape{3, 200'003, 1}, Shape{1, 40'009, 33}, Shape{2, 1'000, 4'096}}) {
        const Tensor x = random::uniform(shape, -1, 1);
        const auto values = x.values<float>();
        std::vector<double> sums(static_cast<std::size_t>(shape[0] * shape[2])), largest(sums.size(), -infinity);
        for (std::int64_t i = 0; i < x.elements(); ++i) {
            const auto at = static_cast<std::size_t>(i / (shape[1] * shape[2]) * shape[2] + i % shape[2]);
            sums[at] += double(values[static_cast<std::size_t>(i)]);
            largest[at] = std::max(largest[at], double(values[static_cast<std::size_t>(i)]));
        }
        set_num_threads(1);
        const Tensor total = sum(x, {1});
        CHECK(difference(total, tensor(sums, {shape[0], shape[2]}, float64)) < 1e-3);
        for (const int threads : {1, 2, 3}) {
            set_num_threads(threads);
            CHECK(difference(sum(x, {1}), total) == 0);
            CHECK(difference(max(x, {1}), tensor(largest, {shape[0], shape[2]}, float64)) == 0);
        }
    }
    set_num_threads(before);
}

TEST_CASE("numerics: the first of equals is the largest, and they share its gradient") {
    const Tensor x = tensor({1, 3, 3, 2, 3, 0}, {2, 3}, float64);
    CHECK(difference(argmax(x, 1), tensor({1, 1})) == 0);
    CHECK(argmax(tensor({2, 7, 7, 7, 1})).item<int>() == 1);
    CHECK(argmin(tensor({2, 1, 7, 1})).item<int>() == 1);
    CHECK(argmax(zeros({100})).item<int>() == 0);
    CHECK(argmax(zeros({100, 3}), 0).item<int>(2) == 0);
    CHECK(difference(slope([](const Tensor& v) { return max(v); }, {1, 3, 3, 2}), tensor({0, 0.5, 0.5, 0}, float64)) ==
          0);
    CHECK(difference(slope([](const Tensor& v) { return min(v); }, {1, 1, 3, 1}),
                     tensor({1.0 / 3, 1.0 / 3, 0, 1.0 / 3}, float64)) < 1e-15);
    CHECK(difference(slope([](const Tensor& v) { return maximum(v, 2); }, {1, 2, 3}), tensor({0, 0.5, 1}, float64)) ==
          0);
    CHECK(difference(slope([](const Tensor& v) { return minimum(2, v); }, {1, 2, 3}), tensor({1, 0.5, 0}, float64)) ==
          0);
    // Of equal cells in a window the first gets the gradient.
    const Tensor image = zeros({1, 2, 2, 1}, float64).set_requires_grad();
    CHECK(difference(grad(sum(max_pool2d(image)), image), tensor({1, 0, 0, 0}, {1, 2, 2, 1}, float64)) == 0);
}

TEST_CASE("numerics: derivatives on the kinks are those documented") {
    CHECK(difference(slope(relu, {-1, 0, 1}), tensor({0, 0, 1}, float64)) == 0);
    CHECK(difference(slope(weft::abs, {-1, 0, 1}), tensor({-1, 0, 1}, float64)) == 0);
    CHECK(difference(slope([](const Tensor& x) { return clip(x, 0, 1); }, {-1, 0, 0.5, 1, 2}),
                     tensor({0, 1, 1, 1, 0}, float64)) == 0);
    CHECK(difference(slope([](const Tensor& x) { return elu(x); }, {-1, 0, 1}), tensor({std::exp(-1), 1, 1}, float64)) <
          1e-15);
    CHECK(difference(slope(softsign, {0}), tensor({1}, float64)) == 0);
    CHECK(difference(slope([](const Tensor& x) { return pow(x, 0); }, {0, 2}), tensor({0, 0}, float64)) == 0);
    CHECK(difference(slope([](const Tensor& x) { return pow(x, 2); }, {0, -2}), tensor({0, -4}, float64)) == 0);
    CHECK(difference(slope([](const Tensor& x) { return pow(0, x); }, {1, 2}), tensor({0, 0}, float64)) == 0);
}

TEST_CASE("numerics: softmax and the cross-entropies take logits of any size") {
    for (DType dtype : {float32, float64}) {
        const Tensor x = tensor({1e4, -1e4, 0, 1e4}, {2, 2}, dtype);
        CHECK(difference(softmax(x), tensor({1, 0, 0, 1}, {2, 2}, dtype)) == 0);
        CHECK(difference(log_softmax(x), tensor({0, -2e4, -1e4, 0}, {2, 2}, dtype)) == 0);
        CHECK(difference(logsumexp(x, 1), tensor({1e4, 1e4}, dtype)) == 0);
        const Tensor wrong = tensor({1, 0}, int64), right = tensor({0, 1}, int64);
        CHECK(difference(sparse_softmax_cross_entropy(wrong, x), tensor({2e4, 1e4}, dtype)) == 0);
        CHECK(difference(sparse_softmax_cross_entropy(right, x), tensor({0, 0}, dtype)) == 0);
        CHECK(difference(softmax_cross_entropy(one_hot(wrong, 2, dtype), x), tensor({2e4, 1e4}, dtype)) == 0);
        const Tensor logits = tensor({1e4, -1e4, 1e4, -1e4}, dtype), target = tensor({1, 0, 0, 1}, dtype);
        CHECK(difference(sigmoid_cross_entropy(target, logits), tensor({0, 0, 1e4, 1e4}, dtype)) == 0);

        Tensor leaf = x.detach().set_requires_grad();
        sum(sparse_softmax_cross_entropy(wrong, leaf)).backward();
        CHECK(difference(leaf.grad(), tensor({1, -1, -1, 1}, {2, 2}, dtype)) == 0);
    }
    CHECK_THAT(thrown_text<ValueError>([] { sparse_softmax_cross_entropy(tensor({0, 3}, int64), zeros({2, 3})); }),
               contains("0..2") && contains("received 3 at position 1"));
    CHECK_THAT(thrown_text<ShapeError>([] {
                   softmax_cross_entropy(zeros({2, 3}), zeros({2, 4}));
               }),
               contains("[2, 4]"));
    CHECK_THROWS_AS(softmax(full({}, 1)), ShapeError);
}

TEST_CASE("numerics: logsumexp of infinities") {
    CHECK(logsumexp(tensor({-infinity, -infinity}, float64)).item<double>() == -infinity);
    CHECK(logsumexp(tensor({infinity, 0}, float64)).item<double>() == infinity);
    CHECK(logsumexp(tensor({-infinity, 2}, float64)).item<double>() == Approx(2));
}

TEST_CASE("numerics: activations have finite values and slopes far out") {
    using Activation = Tensor (*)(const Tensor&);
    for (Activation f :
         {relu, relu6, selu, sigmoid, hard_sigmoid, log_sigmoid, weft::tanh, softplus, softsign, silu, hard_silu, mish})
        for (DType dtype : {float32, float64}) {
            const Tensor x = tensor({-1e4, -100, 100, 1e4}, dtype);
            CHECK(all_finite(f(x)));
            CHECK(all_finite(slope(f, {-1e4, -100, 100, 1e4}, dtype)));
        }
    CHECK(all_finite(slope([](const Tensor& x) { return gelu(x); }, {-1e4, 1e4}, float32)));
    CHECK(all_finite(slope([](const Tensor& x) { return gelu(x, true); }, {-1e4, 1e4}, float32)));
    CHECK(all_finite(slope([](const Tensor& x) { return elu(x); }, {-1e4, 1e4}, float32)));
    CHECK(log_sigmoid(tensor({-1e4}, float64)).item<double>() == -1e4);
}

TEST_CASE("numerics: small differences survive") {
    CHECK(difference(expm1(tensor({1e-10}, float64)) * 1e10, tensor({1}, float64)) < 1e-9);
    CHECK(difference(log1p(tensor({1e-10}, float64)) * 1e10, tensor({1}, float64)) < 1e-9);
    const Tensor far = tensor({1e8 + 1, 1e8 + 2, 1e8 + 3}, float64);
    CHECK(variance(far).item<double>() == Approx(2.0 / 3));
}

TEST_CASE("numerics: NaN is not lost") {
    const Tensor x = tensor({1, not_a_number, 2}, float64);
    CHECK(std::isnan(max(x).item<double>()));
    CHECK(std::isnan(min(x).item<double>()));
    CHECK(std::isnan(sum(x).item<double>()));
    CHECK(std::isnan(maximum(x, 0).item<double>(1)));
    CHECK(std::isnan(minimum(0, x).item<double>(1)));
    CHECK(std::isnan(relu(x).item<double>(1)));
    CHECK_FALSE(all_finite(x));
    CHECK_FALSE(all_finite(tensor({1, infinity})));
    CHECK(all_finite(ones({1000})));
    CHECK(all_finite(zeros({0})));
    CHECK(all_finite(arange(3)));
    CHECK_FALSE(equal(x, x).item<bool>(1));
    CHECK(not_equal(x, x).item<bool>(1));
}

TEST_CASE("numerics: a branch not taken spoils no gradient") {
    CHECK(difference(
              slope([](const Tensor& x) { return where(greater(x, 0), log(where(greater(x, 0), x, 1)), 0); }, {-1, 2}),
              tensor({0, 0.5}, float64)) == 0);
    CHECK(difference(slope([](const Tensor& x) { return prod(x); }, {0, 2, 3}), tensor({6, 0, 0}, float64)) == 0);
}

TEST_CASE("numerics: a softmax or sigmoid remembers its logits") {
    const Tensor x = tensor({1, 2}, float64).set_requires_grad();
    using Link = detail::Companions::Link;
    const Tensor p = softmax(x), s = sigmoid(x);
    REQUIRE(remembered_logits(p, Link::softmax).defined());
    CHECK(difference(remembered_logits(p, Link::softmax), x) == 0);
    CHECK(grad(sum(remembered_logits(s, Link::sigmoid)), x).defined());
    CHECK_FALSE(remembered_logits(p, Link::sigmoid).defined());
    CHECK_FALSE(remembered_logits(p * 1, Link::softmax).defined());
    CHECK_FALSE(remembered_logits(softmax(zeros({2, 3}), 0), Link::softmax).defined());
}
