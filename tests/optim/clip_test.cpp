// Clipping gradients by hand, their norm, and whether they are finite.
#include "catch.hpp"
#include "optim/support.hpp"

#include <weft/optim/clip.hpp>
#include <weft/optim/norm.hpp>

#include <limits>

using namespace weft;
using namespace weft::testing;

TEST_CASE("clip_grad_norm: all gradients together, and only if they are too long", "[optim]") {
    const DType dtype = GENERATE(float32, float64);
    const Tensor a = parameter({0, 0}, {3, 0}, dtype), b = parameter({0}, {4}, dtype), none = parameter({7}, {}, dtype);
    CHECK(optim::clip_grad_norm({a, b, none}, 10) == Approx(5));
    CHECK(doubles(a.grad()) == std::vector<double>{3, 0});
    CHECK(optim::clip_grad_norm({a, b, none}, 1) == Approx(5));
    CHECK(difference(doubles(a.grad()), {0.6, 0}) < 1e-6);
    CHECK(difference(doubles(b.grad()), {0.8}) < 1e-6);
    CHECK_FALSE(none.grad().defined());
    CHECK_THROWS_AS(optim::clip_grad_norm({a}, 0), ValueError);
}

TEST_CASE("clip_grad_norm: a gradient that is not finite is left to be seen", "[optim]") {
    const double infinity = std::numeric_limits<double>::infinity();
    const Tensor a = parameter({0, 0}, {infinity, 2});
    CHECK(optim::clip_grad_norm({a}, 1) == infinity);
    CHECK(doubles(a.grad()) == std::vector<double>{infinity, 2});
}

TEST_CASE("clip_grad_norm: whoever else holds the gradient keeps it", "[optim]") {
    const Tensor a = parameter({0}, {4});
    const Tensor held = a.grad();
    optim::clip_grad_norm({a}, 1);
    CHECK(held.item<double>() == 4);
}

TEST_CASE("clip_grad_value: element by element", "[optim]") {
    const Tensor a = parameter({0, 0, 0}, {-3, 0.5, 9}, GENERATE(float32, float64));
    optim::clip_grad_value({a}, 1);
    CHECK(doubles(a.grad()) == std::vector<double>{-1, 0.5, 1});
    CHECK_THROWS_AS(optim::clip_grad_value({a}, -1), ValueError);
}

TEST_CASE("norm_of: long float32 tensors lose nothing", "[optim]") {
    CHECK(optim::norm_of({ones({30'000'000})}) == Approx(std::sqrt(3e7)).epsilon(1e-12));
    CHECK(optim::norm_of({full({4}, 1e30)}) == Approx(2e30).epsilon(1e-6));  // squares overflow float32
    CHECK(optim::norm_of({}) == 0);
    CHECK_THROWS_AS(optim::norm_of({arange(3)}), DTypeError);
}

TEST_CASE("gradients_finite: finds one bad value anywhere", "[optim]") {
    const DType dtype = GENERATE(float32, float64);
    Tensor a = zeros({200'001}, dtype), unused = parameter({1});
    a.set_requires_grad();
    a.set_grad(full({200'001}, 1e300 > 1 && dtype == float64 ? 1e300 : 1e38, dtype));  // its square would not be finite
    CHECK(optim::gradients_finite({unused, a}));
    for (const std::int64_t position : {0, 65'535, 65'536, 200'000})
        for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
            std::vector<double> values(200'001, 1.0);
            values[static_cast<std::size_t>(position)] = bad;
            a.set_grad(tensor(values, dtype));
            CHECK_FALSE(optim::gradients_finite({unused, a}));
        }
}
