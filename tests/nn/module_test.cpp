// Modules as handles: sharing, naming, freezing, modes.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>

using namespace weft;
using weft::testing::error_of;

namespace {

struct Net : nn::Module {
    nn::Linear in = module("in", nn::Linear(2, 4));
    nn::Linear out = module("out", nn::Linear(4, 1));
    Tensor forward(const Tensor& x) override { return out(tanh(in(x))); }
};

struct Scale : nn::Module {
    void build(const Shape& input) override { factor = parameter("factor", {input.back()}, nn::init::ones()); }
    Tensor forward(const Tensor& x) override { return x * factor; }
    Tensor factor;
};

}  // namespace

TEST_CASE("module: a copy is a handle on the same weights") {
    nn::Linear a(3);
    nn::Linear b = a;  // before either is built
    const Tensor x = random::normal({2, 5});
    CHECK(testing::distance(a(x), b(x)) == 0);
    CHECK(a.parameters()[0].is(b.parameters()[0]));
    nn::Linear c = std::move(b);
    CHECK(testing::distance(b(x), c(x)) == 0);
    CHECK_THAT(error_of<ShapeError>([&] { b(random::normal({2, 4})); }), Catch::Contains("expects [batch, ..., 5]"));
}

TEST_CASE("module: two copies built for different inputs do not agree") {
    nn::Linear a(3);
    nn::Linear b = a;
    a(random::normal({2, 5}));
    CHECK_THAT(error_of<ShapeError>([&] {
                   b(random::normal({2, 4}));
               }),
               Catch::Contains("'kernel' was made as [5, 3]"));
}

TEST_CASE("module: parameters by name, children first registered first") {
    Net net;
    std::vector<std::string> names;
    for (const auto& entry : net.named_parameters()) names.push_back(entry.name);
    CHECK(names == std::vector<std::string>{"in.kernel", "in.bias", "out.kernel", "out.bias"});
    Net copy = net;
    CHECK(copy.parameters()[0].is(net.in.parameters()[0]));
}

TEST_CASE("module: parameters of something unbuilt throw, and say what to do") {
    nn::Sequential model{nn::Linear(3)};
    CHECK_THAT(error_of<ValueError>([&] { model.parameters(); }), Catch::Contains("input_shape"));
    Scale scale;
    CHECK_THAT(error_of<ValueError>([&] { scale.parameters(); }), Catch::Contains("no weights yet"));
    scale(ones({2, 3}));
    CHECK(scale.parameters().size() == 1);
}

TEST_CASE("module: names are checked") {
    struct Twice : nn::Module {
        Twice() {
            parameter("w", {1});
            parameter("w", {1});
        }
        Tensor forward(const Tensor& x) override { return x; }
    };
    struct Dotted : nn::Module {
        Dotted() { parameter("a.b", {1}); }
        Tensor forward(const Tensor& x) override { return x; }
    };
    CHECK_THAT(error_of<ValueError>([] { Twice(); }), Catch::Contains("already has a weight named 'w'"));
    CHECK_THAT(error_of<ValueError>([] { Dotted(); }), Catch::Contains("no dots"));
}

TEST_CASE("module: assigning over a registered child throws") {
    Net net;
    CHECK_THAT(error_of<ValueError>([&] { net.in = nn::Linear(2, 4); }),
               Catch::Contains("registered in another module"));
    nn::Linear free(2, 4);
    free = nn::Linear(2, 4);  // nobody's child: fine
}

TEST_CASE("module: Linear(64, {}) has 64 units") {
    nn::Linear layer(64, {});
    CHECK(layer(ones({2, 3})).shape() == Shape{2, 64});
}

TEST_CASE("module: mode and freezing are independent") {
    nn::Sequential model{nn::Linear(8, {.input_shape = {4}}), nn::Dropout(0.5)};
    const Tensor x = ones({4, 4});
    CHECK(testing::distance(model(x), model(x)) > 0);
    model.eval();
    CHECK(testing::distance(model(x), model(x)) == 0);
    model.set_trainable(false);
    CHECK_FALSE(model.parameters()[0].requires_grad());
    model.train();
    CHECK_FALSE(model.parameters()[0].requires_grad());
    CHECK(testing::distance(model.predict(x), model.predict(x)) == 0);
    CHECK(testing::distance(model(x), model(x)) > 0);
}

TEST_CASE("module: with_parameters lends other tensors and gives back the own ones") {
    Net net;
    const Tensor x = random::normal({3, 2}), before = net(x);
    Tensors others;
    for (const Tensor& parameter : net.parameters()) others.push_back((parameter.detach() * 2).set_requires_grad());
    const Tensor y = with_parameters(net, others, [&] { return sum(net(x)); });
    const Tensors gradients = grad(y, others);
    CHECK(gradients.size() == 4);
    CHECK(testing::distance(net(x), before) == 0);
    CHECK_FALSE(net.parameters()[0].grad().defined());
    CHECK_THROWS_AS(with_parameters(net, {others[0]}, [&] { return net(x); }), ValueError);
    CHECK_THROWS_AS(with_parameters(net, others, []() -> Tensor { throw std::runtime_error("inside"); }),
                    std::runtime_error);
    CHECK(testing::distance(net(x), before) == 0);
}

TEST_CASE("module: output_shape is found by running where a layer does not say") {
    struct Pairs : nn::Module {
        Tensor forward(const Tensor& x) override { return concat({x, x}, -1); }
    };
    Pairs pairs;
    CHECK(pairs.output_shape({None, None, 3}) == Shape{None, None, 6});
}

TEST_CASE("module: several inputs and results") {
    struct Mix : nn::Module {
        void build_all(const nn::Shapes& inputs) override {
            left = parameter("left", {inputs[0].back(), 2}), right = parameter("right", {inputs[1].back(), 2});
        }
        Tensors call(const Tensors& inputs) override {
            return {matmul(inputs[0], left) + matmul(inputs[1], right), inputs[1]};
        }
        Tensor left, right;
    };
    Mix mix;
    const Tensors results = mix({ones({4, 3}), ones({4, 5})});
    CHECK(results[0].shape() == Shape{4, 2});
    CHECK(mix.parameters()[1].shape() == Shape{5, 2});
    CHECK(mix.output_shapes({{None, 3}, {None, 5}}) == nn::Shapes{{None, 2}, {None, 5}});
    CHECK_THAT(error_of<ValueError>([&] { mix(Tensors{}); }), Catch::Contains("without an input"));

    struct Split : nn::Module {
        Tensors call(const Tensors& x) override { return {x[0], sum(x[0], {-1})}; }
    };
    const nn::Layer split = Split();
    CHECK(split->output_shapes({{None, 3}}) == nn::Shapes{{None, 3}, {None}});
    CHECK_THAT(error_of<ValueError>([&] {
                   nn::Sequential{nn::Linear(2, {.input_shape = {3}}), Split()};
               }),
               Catch::Contains("gives 2"));
}

TEST_CASE("module: losses that layers add are collected by the innermost scope of the thread") {
    struct Penalty : nn::Module {
        Tensor forward(const Tensor& x) override {
            add_loss(sum(square(x)));
            return x;
        }
    };
    Penalty penalty;
    penalty(ones({3}));  // nobody asks
    const nn::LossScope outer;
    penalty(ones({2}));
    {
        const nn::LossScope inner;
        CHECK(inner.total().item<double>() == 0);
        penalty(ones({5}));
        penalty(ones({1}));
        CHECK(inner.total().item<double>() == 6);
    }
    CHECK(outer.losses().size() == 1);
    CHECK(outer.total().item<double>() == 2);
    struct Wrong : nn::Module {
        Tensor forward(const Tensor& x) override {
            add_loss(x);
            return x;
        }
    };
    Wrong wrong;
    CHECK_THAT(error_of<ShapeError>([&] { wrong(ones({2})); }), Catch::Contains("takes one number"));
}

TEST_CASE("module: to(float64) changes the parameters in place") {
    nn::Linear layer(2, 3);
    const Tensor kernel = layer.parameters()[0];
    layer.to(float64);
    CHECK(kernel.dtype() == float64);
    CHECK(kernel.requires_grad());
    CHECK(layer(ones({1, 2}, float64)).dtype() == float64);
}

TEST_CASE("sequential: names, nesting, views") {
    nn::Sequential inner{nn::Linear(4, {.input_shape = {3}}), nn::Linear(4)};
    nn::Sequential outer{nn::Linear(3, {.input_shape = {2}})};
    outer.add(inner);
    outer.add(nn::Linear(1));
    CHECK(outer.layers()[0]->name() == "dense");
    CHECK(outer.layers()[2]->name() == "dense_1");
    CHECK(outer.parameters().size() == 8);
    CHECK(outer.layer("dense_1")->parameters()[0].shape() == Shape{4, 1});
    CHECK_THAT(error_of<ValueError>([&] { outer.layer("dens_1"); }), Catch::Contains("dense_1"));
    CHECK_THROWS_AS(outer.add(nn::Linear(1, {.name = "dense"})), ValueError);
    CHECK_THROWS_AS(outer.add(nn::Conv2d(3, 3)), ShapeError);
    nn::Model as_model = outer;
    nn::Sequential view(as_model);
    CHECK(view.layers().size() == 3);
    const Tensor x = random::normal({2, 2});
    CHECK(testing::distance(view(x), outer(x)) == 0);
}
