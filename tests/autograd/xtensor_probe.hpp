// Does this xtensor compute correctly with this compiler? In one header, for it must hold whether xtensor or
// weft/autograd/xtensor.hpp was included first. Each file that includes it defines WEFT_PROBE_NAME.
#include "catch.hpp"

TEST_CASE(WEFT_PROBE_NAME) {
    const xt::xarray<float> b = {{1, 2, 3}, {4, 5, 6}};
    SECTION("reductions, lazy and immediate") {
        CHECK(xt::sum(b)() == 21);
        const xt::xarray<float> rows = xt::sum(b, {1});
        REQUIRE(rows.dimension() == 1);
        CHECK(rows(1) == 15);
        CHECK(xt::sum(b, xt::evaluation_strategy::immediate)() == 21);
        const xt::xarray<float> columns = xt::sum(b, {0}, xt::evaluation_strategy::immediate);
        REQUIRE(columns.dimension() == 1);
        CHECK(columns(2) == 9);
        CHECK(xt::amax(b)() == 6);
        const xt::xarray<float> means = xt::mean(b, {0});
        CHECK(means(0) == 2.5f);
    }
    SECTION("tile and pad") {
        const xt::xarray<float> tiled = xt::tile(b, {2, 2});
        REQUIRE(tiled.shape(0) == 4);
        REQUIRE(tiled.shape(1) == 6);
        CHECK(tiled(3, 5) == 6);
        CHECK(tiled(2, 3) == 1);
        const xt::xarray<float> padded = xt::pad(b, 1);
        REQUIRE(padded.shape(0) == 4);
        CHECK(padded(1, 1) == 1);
        CHECK(padded(2, 3) == 6);
        CHECK(padded(0, 1) == 0);
    }
    SECTION("views") {
        xt::xarray<float> z = xt::zeros<float>({3, 4});
        xt::strided_view(z, {xt::range(0, 2), xt::range(0, 3)}) = b;
        CHECK(z(1, 2) == 6);
        CHECK(z(2, 3) == 0);
        xt::view(z, 2, xt::all()) = 7;
        CHECK(z(2, 3) == 7);
        const xt::xarray<float> flipped = xt::flip(b, 1);
        CHECK(flipped(0, 0) == 3);
        const xt::xarray<float> turned = xt::transpose(b);
        CHECK(turned(2, 1) == 6);
    }
}
