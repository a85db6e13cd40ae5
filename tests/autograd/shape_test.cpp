#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/shape.hpp>

using namespace weft;
using namespace weft::testing;

TEST_CASE("shape: axes, elements and text") {
    const Shape shape{2, 3, 4};
    CHECK(shape.rank() == 3);
    CHECK(shape.elements() == 24);
    CHECK(shape.front() == 2);
    CHECK(shape.back() == 4);
    CHECK(str(shape) == "[2, 3, 4]");
    CHECK(Shape().elements() == 1);
    CHECK(Shape().empty());
    CHECK(str(Shape()) == "[]");
    CHECK(Shape{3, 0}.elements() == 0);
    CHECK(str(Shape{None, 10}) == "[None, 10]");
    CHECK_FALSE(Shape{None, 10}.known());
    CHECK(shape.known());
    CHECK(shape == Shape(std::vector<std::int64_t>{2, 3, 4}));
    CHECK(shape != Shape{2, 3});
    CHECK(shape != Shape{2, 3, 5});
}

TEST_CASE("shape: axes count from either end, and others are an error") {
    const Shape shape{2, 3};
    CHECK(shape.axis(1, "here") == 1);
    CHECK(shape.axis(-1, "here") == 1);
    CHECK(shape.axis(-2, "here") == 0);
    CHECK_THAT(thrown_text<IndexError>([&] { shape.axis(2, "here"); }),
               contains("here") && contains("axis 2") && contains("[2, 3]"));
    CHECK_THROWS_AS(shape.axis(-3, "here"), IndexError);
    CHECK_THROWS_AS(Shape().axis(0, "here"), IndexError);
}

TEST_CASE("shape: axes come and go, up to eight") {
    Shape shape{2, 3};
    shape.insert(0, 5);
    shape.insert(2, 6);
    shape.push_back(7);
    CHECK(shape == Shape{5, 2, 6, 3, 7});
    shape.erase(2);
    shape.erase(0);
    CHECK(shape == Shape{2, 3, 7});
    Shape full{1, 2, 3, 4, 5, 6, 7, 8};
    CHECK(full.rank() == Shape::max_rank);
    CHECK_THROWS_AS(full.push_back(9), ShapeError);
    CHECK(full == Shape{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK_THROWS_AS((Shape{1, 2, 3, 4, 5, 6, 7, 8, 9}), ShapeError);
    // What an erased axis left behind is no part of the shape.
    shape.erase(2);
    CHECK(shape == Shape{2, 3});
}

TEST_CASE("shape: broadcasting follows NumPy's rules") {
    CHECK(broadcast({2, 3}, {3}, "here") == Shape{2, 3});
    CHECK(broadcast({3}, {2, 3}, "here") == Shape{2, 3});
    CHECK(broadcast({2, 1}, {1, 3}, "here") == Shape{2, 3});
    CHECK(broadcast({4, 1, 3}, {2, 1}, "here") == Shape{4, 2, 3});
    CHECK(broadcast({}, {2}, "here") == Shape{2});
    CHECK(broadcast({}, {}, "here") == Shape{});
    CHECK(broadcast({0}, {1}, "here") == Shape{0});
    CHECK(broadcast({1}, {0}, "here") == Shape{0});
    CHECK_THAT(thrown_text<ShapeError>([] {
                   broadcast({2, 3}, {2}, "here");
               }),
               contains("here") && contains("[2, 3]") && contains("[2]") && contains("axis -1"));
    CHECK_THROWS_AS(broadcast({0}, {2}, "here"), ShapeError);
    CHECK(broadcasts_to({1, 3}, {2, 3}));
    CHECK(broadcasts_to({}, {2, 3}));
    CHECK(broadcasts_to({1}, {0}));
    CHECK_FALSE(broadcasts_to({2, 3}, {3}));
    CHECK_FALSE(broadcasts_to({2}, {1}));
}
