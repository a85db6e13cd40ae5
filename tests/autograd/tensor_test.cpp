// What a tensor is to its user: element types, numbers beside it, xtensor expressions, elements, texts.
#include "catch.hpp"
#include "plain.hpp"

#include <weft/autograd/autograd.hpp>

#include <xtensor/xmath.hpp>

using namespace weft;
using namespace weft::testing;

TEST_CASE("tensor: a number takes the element type of the tensor beside it") {
    const Tensor f = full({2}, 3, float32), d = full({2}, 3, float64), i = full({2}, 3, int64);
    for (const Tensor& x : {f, d}) {
        CHECK((1 - x).dtype() == x.dtype());
        CHECK((x * 2.5).dtype() == x.dtype());
        CHECK((2.5f / x).dtype() == x.dtype());
        CHECK((x + 1u).dtype() == x.dtype());
        CHECK(pow(x, 2).dtype() == x.dtype());
        CHECK(maximum(x, 0.5).dtype() == x.dtype());
        CHECK(where(greater(x, 0), x, 0).dtype() == x.dtype());
    }
    CHECK((1 - f).item<double>(0) == -2);
    CHECK((i + 1).dtype() == int64);
    CHECK((7 - i).item<std::int64_t>(1) == 4);
    CHECK((i * 0.5).dtype() == float32);
    CHECK((i * 0.5).item<double>(0) == 1.5);
    CHECK((0.5 * i).item<double>(0) == 1.5);
    CHECK((i / 2).dtype() == float32);
    CHECK((i / 2).item<double>(0) == 1.5);
    // Between numbers alone: whole ones stay whole, others are float32.
    CHECK((Tensor(2) * 3).dtype() == int64);
    CHECK((Tensor(2) * 0.5).dtype() == float32);
}

TEST_CASE("tensor: int64 with a float gives that float, and floats of two widths are an error") {
    const Tensor f = full({2}, 3, float32), d = full({2}, 3, float64), i = full({2}, 2, int64);
    CHECK((i * f).dtype() == float32);
    CHECK((d - i).dtype() == float64);
    CHECK((d - i).item<double>(0) == 1);
    CHECK_THAT(thrown_text<DTypeError>([&] { f + d; }),
               contains("add") && contains("float32 [2]") && contains("float64 [2]") && contains(".to("));
    CHECK_THAT(thrown_text<DTypeError>([&] { f + equal(f, f); }), contains("bool") && contains("x.to(float32)"));
    CHECK_THAT(thrown_text<DTypeError>([&] { f.to(uint8) * 2; }), contains("uint8"));
    CHECK_THAT(thrown_text<DTypeError>([&] { exp(i); }), contains("exp") && contains("int64 [2]"));
    CHECK_THAT(thrown_text<DTypeError>([&] {
                   matmul(full({1, 2}, 1), full({2, 1}, 1, float64));
               }),
               contains("matmul") && contains("float64 [2, 1]"));
    CHECK_THAT(thrown_text<DTypeError>([&] { relu_gradient(f, d); }), contains("relu_gradient"));
}

TEST_CASE("tensor: shapes that do not broadcast are an error with both shapes") {
    CHECK_THAT(thrown_text<ShapeError>([] {
                   zeros({2, 3}) + zeros({2});
               }),
               contains("add") && contains("[2, 3]") && contains("[2]"));
    CHECK_THAT(thrown_text<ShapeError>([] { where(equal(zeros({2}), 0), zeros({3}), 0); }), contains("where"));
    CHECK_THAT(thrown_text<ShapeError>([] {
                   matmul(zeros({2, 3}), zeros({2, 3}));
               }),
               contains("matmul") && contains("[2, 3]"));
}

TEST_CASE("tensor: conversion keeps what the type can hold, and carries gradients between floats") {
    const Tensor x = tensor({-1.5, 0, 0.5, 2}, float64);
    CHECK(difference(x.to(int64), tensor({-1, 0, 0, 2}, float64)) == 0);
    CHECK(difference(x.to(boolean), tensor({1, 0, 1, 1}, float64)) == 0);
    CHECK(x.to(float64).is(x));
    Tensor leaf = x.detach().set_requires_grad();
    CHECK(grad(sum(leaf.to(float32).to(float64) * x), leaf).dtype() == float64);
    CHECK(difference(grad(sum(leaf.to(float32).to(float64) * x), leaf), x) == 0);
    CHECK_FALSE(leaf.to(int64).requires_grad());
}

TEST_CASE("tensor: any xtensor expression becomes a tensor") {
    const xt::xarray<double> a = {{1, 2, 3}, {4, 5, 6}};
    const Tensor x = a;
    CHECK(x.dtype() == float64);
    CHECK(x.shape() == Shape{2, 3});
    CHECK(difference(x, tensor({1, 2, 3, 4, 5, 6}, {2, 3}, float64)) == 0);
    CHECK(Tensor(2 * a + 1).item<double>(5) == 13);
    CHECK(Tensor(xt::sum(a, {1})).item<double>(1) == 15);
    CHECK(Tensor(a > 2).dtype() == boolean);
    CHECK(Tensor(xt::cast<float>(a)).dtype() == float32);
    CHECK(Tensor(xt::cast<int>(a)).dtype() == int64);
    CHECK(Tensor(xt::cast<std::uint8_t>(a)).dtype() == uint8);
    CHECK(Tensor(xt::xarray<float>::from_shape({2, 0})).shape() == Shape{2, 0});
    CHECK(Tensor(xt::transpose(a)).item<double>(1) == 4);  // row-major, whatever the expression's layout
}

TEST_CASE("tensor: arithmetic with xtensor expressions stays on the tape, in both orders") {
    xt::xarray<double> a = {{1, 2}, {3, 4}};
    Tensor x = full({2, 2}, 2, float64).set_requires_grad();
    const Tensor& fixed = x;
    const xt::xarray<double>& fixed_a = a;
    for (const Tensor& y : {x * a, a * x, fixed * a, a * fixed, x * fixed_a, fixed_a * fixed, x * (a + 0), (a + 0) * x,
                            Tensor(x) * a, a * Tensor(x)}) {
        CHECK(y.requires_grad());
        CHECK(difference(grad(sum(y), x), Tensor(a)) == 0);
    }
    CHECK(difference(x + a, tensor({3, 4, 5, 6}, {2, 2}, float64)) == 0);
    CHECK(difference(a + x, x + a) == 0);
    CHECK(difference(x - a, tensor({1, 0, -1, -2}, {2, 2}, float64)) == 0);
    CHECK(difference(a - x, tensor({-1, 0, 1, 2}, {2, 2}, float64)) == 0);
    CHECK(difference(x / a, tensor({2, 1, 2.0 / 3, 0.5}, {2, 2}, float64)) < 1e-15);
    CHECK(difference(a / x, tensor({0.5, 1, 1.5, 2}, {2, 2}, float64)) == 0);
    CHECK((a - x).requires_grad());
    CHECK((x / a).requires_grad());
    CHECK(pow(x, a).requires_grad());
    CHECK(difference(pow(a, x), square(Tensor(a))) == 0);
    CHECK(difference(maximum(x, a), tensor({2, 2, 3, 4}, {2, 2}, float64)) == 0);
    CHECK(difference(minimum(a, x), tensor({1, 2, 2, 2}, {2, 2}, float64)) == 0);
    // A tensor's own view is an expression as well.
    CHECK((x + x.array<double>()).requires_grad());
}

TEST_CASE("tensor: array shows the elements, in any xtensor expression, and keeps them alive") {
    Tensor x = tensor({1, 2, 3, 4}, {2, 2}, float64);
    const auto view = x.array<double>();
    const xt::xarray<double> doubled = 2 * view + xt::sum(view, {0});
    CHECK(doubled(1, 0) == 10);
    CHECK(x.array<double>().data() == x.values<double>().data());
    x = Tensor();
    for (int i = 0; i < 100; ++i) zeros({2, 2}, float64);  // would be given the same block
    CHECK(view(1, 1) == 4);
    CHECK_THAT(thrown_text<DTypeError>([] { zeros({2}).array<double>(); }),
               contains("float32 [2]") && contains("x.to(float64)"));
    CHECK(zeros({}).array<float>()() == 0);
    CHECK(zeros({2, 0}).array<float>().size() == 0);
}

TEST_CASE("tensor: mutable_array writes where every handle looks, and never changes the shape") {
    Tensor x = zeros({2, 2});
    const Tensor same = x, row = slice(x, 0, 1, 2);
    x.mutable_array<float>()(1, 0) = 5;
    x.mutable_array<float>() += 1;
    CHECK(same.item<float>(2) == 6);
    CHECK(row.item<float>(0) == 6);
    Tensor other = ones({2, 2});
    x.mutable_array<float>() = other.mutable_array<float>() + x.mutable_array<float>();
    CHECK(difference(x, tensor({2, 2, 7, 2}, {2, 2})) == 0);
    x.mutable_array<float>() = other.mutable_array<float>();
    CHECK(difference(x, other) == 0);
    CHECK_FALSE(x.data().shares_buffer(other.data()));
    const xt::xarray<float> larger = xt::zeros<float>({3, 3});
    CHECK_THROWS_AS(x.mutable_array<float>() = larger, ShapeError);
    CHECK(x.shape() == Shape{2, 2});
}

TEST_CASE("tensor: visit calls with the array of the element type") {
    const auto total = [](const auto& a) { return static_cast<double>(xt::sum(a)()); };
    CHECK(full({3}, 2, float32).visit(total) == 6);
    CHECK(full({3}, 2, float64).visit(total) == 6);
    CHECK_THROWS_AS(full({3}, 2, int64).visit(total), DTypeError);
}

TEST_CASE("tensor: item reads one element, of any type") {
    const Tensor x = tensor({1.5, 2.5}, float32);
    CHECK(x.item<double>(1) == 2.5);
    CHECK(x.item<int>(1) == 2);
    CHECK(Tensor(true).item<bool>());
    CHECK_THAT(thrown_text<ValueError>([&] { x.item<float>(); }), contains("float32 [2]"));
    CHECK_THAT(thrown_text<IndexError>([&] { x.item<float>(2); }), contains("position 2"));
    CHECK_THAT(thrown_text<IndexError>([&] { x.item<float>(-1); }), contains("position -1"));
    CHECK(zeros({1, 1}).item<float>() == 0);
}

TEST_CASE("tensor: an undefined one says so") {
    const Tensor none;
    CHECK_FALSE(none.defined());
    CHECK_FALSE(none.requires_grad());
    CHECK(describe(none) == "an undefined tensor");
    CHECK(str(none) == "undefined");
    CHECK_THAT(thrown_text<ValueError>([&] { none.shape(); }), contains("undefined"));
    CHECK_THROWS_AS(none + 1, ValueError);
    CHECK_THROWS_AS(none.backward(), GraphError);
}

TEST_CASE("tensor: texts") {
    Tensor x = tensor({1, 2.5, -3, 1e-10, 0, 7}, {2, 3});
    CHECK(describe(x) == "float32 [2, 3]");
    CHECK(str(x) == "[[1, 2.5, -3],\n [1e-10, 0, 7]] float32 [2, 3]");
    x.set_name("weights");
    CHECK(x.name() == "weights");
    CHECK(describe(x) == "float32 [2, 3] 'weights'");
    CHECK(str(Tensor(arange(3))) == "[0, 1, 2] int64 [3]");
    CHECK(str(zeros({})) == "0 float32 []");
    CHECK(str(zeros({0})) == "[] float32 [0]");
    CHECK(str(arange(5000)) == "[0, 1, 2, ..., 4997, 4998, 4999] int64 [5000]");
}

TEST_CASE("tensor: made of nothing but a shape") {
    CHECK(difference(zeros({2}), tensor({0, 0})) == 0);
    CHECK(difference(ones({2}, int64), tensor({1, 1})) == 0);
    CHECK(difference(full({2}, 2.5, float64), tensor({2.5, 2.5}, float64)) == 0);
    CHECK(zeros_like(full({2, 0}, 1, int64)).shape() == Shape{2, 0});
    CHECK(ones_like(full({2}, 3, int64)).dtype() == int64);
    CHECK(difference(linspace(0, 1, 5), tensor({0, 0.25, 0.5, 0.75, 1})) == 0);
    CHECK(difference(linspace(2, 3, 1), tensor({2})) == 0);
    CHECK(linspace(0, 1, 0).shape() == Shape{0});
    CHECK_THROWS_AS(linspace(0, 1, -1), ValueError);
    CHECK(difference(arange(2, 7, 2), tensor({2, 4, 6})) == 0);
    CHECK(difference(arange(3, 0, -2), tensor({3, 1})) == 0);
    CHECK(arange(0).shape() == Shape{0});
    CHECK(arange(3, 1).shape() == Shape{0});
    CHECK(arange(3).dtype() == int64);
    CHECK_THROWS_AS(arange(0, 1, 0), ValueError);
    CHECK(difference(eye(2), tensor({1, 0, 0, 1}, {2, 2})) == 0);
    CHECK_THAT(thrown_text<ShapeError>([] { tensor({1, 2}, {3}); }), contains("2 values") && contains("[3]"));
    CHECK_THROWS_AS(zeros({2, None}), ShapeError);
    CHECK_THROWS_AS(zeros({1LL << 40, 1LL << 40}), ShapeError);
}

TEST_CASE("tensor: reshapes and slices of the first axis share memory, everything else copies") {
    const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {3, 2});
    CHECK(x.reshape({6}).data().shares_buffer(x.data()));
    CHECK(slice(x, 0, 1, 3).data().shares_buffer(x.data()));
    CHECK(slice(x, 0, 1, 3).values<float>().data() == x.values<float>().data() + 2);
    CHECK_FALSE(slice(x, 1, 0, 1).data().shares_buffer(x.data()));
    CHECK_FALSE(transpose(x).data().shares_buffer(x.data()));
    CHECK_FALSE(sum(full({}, 1)).data().shares_buffer(full({}, 1).data()));
    Tensor one = full({}, 1);
    Tensor total = sum(one);
    total.mutable_array<float>()() = 5;
    CHECK(one.item<float>() == 1);
}

TEST_CASE("tensor: indices and sizes outside are errors that say where") {
    const Tensor x = zeros({2, 3});
    CHECK_THAT(thrown_text<IndexError>([&] { sum(x, 2); }),
               contains("sum") && contains("axis 2") && contains("[2, 3]"));
    CHECK_THAT(thrown_text<ValueError>([&] { sum(x, {0, -2}); }), contains("twice"));
    CHECK_THAT(thrown_text<IndexError>([&] { select(x, 1, 3); }), contains("index 3") && contains("[2, 3]"));
    CHECK_THAT(thrown_text<IndexError>([&] {
                   gather(x, tensor({0, 2}, int64));
               }),
               contains("received 2 at position 1"));
    CHECK_THAT(thrown_text<DTypeError>([&] { gather(x, tensor({0, 1})); }), contains("int64"));
    CHECK_THAT(thrown_text<IndexError>([&] {
                   one_hot(tensor({0, -1}, int64), 3);
               }),
               contains("0..2") && contains("-1"));
    CHECK_THAT(thrown_text<ShapeError>([&] { x.reshape({4, 2}); }), contains("[2, 3]") && contains("[4, 2]"));
    CHECK_THROWS_AS(x.reshape({-1, -1}), ShapeError);
    CHECK_THROWS_AS(zeros({0, 2}).reshape({-1, 0}), ShapeError);
    CHECK_THROWS_AS(squeeze(x, 0), ShapeError);
    CHECK_THROWS_AS(expand_dims(x, 4), IndexError);
    CHECK_THROWS_AS(transpose(x, {0, 0}), ValueError);
    CHECK_THROWS_AS(slice(x, 0, 0, 1, 0), ValueError);
    CHECK_THROWS_AS(concat({}), ValueError);
    CHECK_THROWS_AS(concat({x, zeros({2, 2})}, 0), ShapeError);
    CHECK_THROWS_AS(stack({x, zeros({2, 2})}), ShapeError);
    CHECK_THROWS_AS(split(x, {1, 1}, 1), ShapeError);
    CHECK_THROWS_AS(pad(x, {1}, {1}), ShapeError);
    CHECK_THROWS_AS(embed(x, 0, 3, 2, 1), IndexError);
    CHECK_THROWS_AS(scatter_add(x, tensor({0, 5}, int64), 0, 5), IndexError);
    CHECK_THROWS_AS(scatter_add(x, tensor({0, 1, 2}, int64), 0, 5), ShapeError);
    CHECK_THROWS_AS(matrix_product(x, zeros({2, 3}), false, false), ShapeError);
    CHECK_THROWS_AS(softmax_gradient(x, zeros({3})), ShapeError);
    CHECK_THROWS_AS(clip(x, 1, 0), ValueError);
    CHECK_THROWS_AS(dropout(x, 1), ValueError);
    CHECK_THROWS_AS(broadcast_to(x, {3}), ShapeError);
    CHECK_THROWS_AS(variance(zeros({1}), 0, false, 1), ValueError);
    CHECK_THAT(thrown_text<ValueError>([&] { max(zeros({2, 0}), 1); }), contains("max") && contains("empty"));
    CHECK_THROWS_AS(argmax(zeros({0})), ValueError);
}

TEST_CASE("tensor: convolution and pooling refuse what does not fit") {
    const Tensor x = zeros({1, 4, 4, 2}), w = zeros({3, 3, 2, 5});
    CHECK_THAT(thrown_text<ShapeError>([&] {
                   conv2d(zeros({4, 4, 2}), w);
               }),
               contains("[batch, height, width, channels]") && contains("[4, 4, 2]"));
    CHECK_THAT(thrown_text<ShapeError>([&] { conv2d(zeros({1, 4, 4, 3}), w); }), contains("channels"));
    CHECK_THAT(thrown_text<ShapeError>([&] {
                   conv2d(x, zeros({5, 3, 2, 5}));
               }),
               contains("window of 5") && contains("input of 4"));
    CHECK_THROWS_AS(conv2d(x, w, zeros({4})), ShapeError);
    CHECK_THROWS_AS(conv2d(x, w, {}, {.strides = {0, 1}}), ValueError);
    CHECK_THROWS_AS(conv2d(x, w, {}, {.groups = 3}), ShapeError);
    CHECK_THROWS_AS(conv2d(x, w.to(float64)), DTypeError);
    CHECK_THROWS_AS(conv2d_data_gradient(zeros({1, 3, 3, 5}), w, x.shape(), {}), ShapeError);
    CHECK_THROWS_AS(conv2d_weights_gradient(x, zeros({1, 2, 2, 4}), w.shape(), {}), ShapeError);
    CHECK_THROWS_AS(max_pool2d(zeros({4, 4, 2})), ShapeError);
    CHECK_THROWS_AS(max_pool2d(zeros({1, 1, 4, 2})), ShapeError);
    CHECK_THROWS_AS(average_pool2d(x.to(int64)), DTypeError);
    const Pool2dSettings whole{.pool_size = {4097, 4097}, .strides = {1, 1}};
    CHECK_THROWS_AS(max_pool2d(zeros({1, 4097, 4097, 1}).set_requires_grad(), whole), ValueError);
    CHECK(max_pool2d(zeros({1, 4097, 4097, 1}), whole).shape() == Shape{1, 1, 1, 1});
    CHECK_THROWS_AS(padding_from("full", "conv2d"), ValueError);
}
