// Models drawn from symbols: structure, naming, sharing, and what is refused.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>

using namespace weft;
using weft::testing::distance;
using weft::testing::error_of;

namespace {

std::vector<std::string> names(const nn::Model& model) {
    std::vector<std::string> all;
    for (const nn::GraphNode* node : model.graph().layers()) all.push_back(node->name);
    return all;
}

// A layer of one's own that no container has met before.
struct Twice : nn::Module {
    Tensor forward(const Tensor& x) override { return 2 * x; }
};
struct Halves : nn::Module {
    Tensors call(const Tensors& x) override { return split(x[0], {2, 2}, -1); }
};

}  // namespace

TEST_CASE("functional: a residual block computes what its layers do") {
    manual_seed(1);
    nn::Symbol x = nn::Input({6, 6, 2});
    nn::Symbol h = nn::Conv2d(4, 3, {.padding = "same", .activation = "relu"})(x);
    nn::Symbol shortcut = nn::Conv2d(4, 1, {.name = "shortcut"})(x);
    nn::Symbol sum = nn::Add()({h, shortcut});
    CHECK(sum.shape() == Shape{None, 6, 6, 4});
    nn::Model model(x, nn::Linear(3)(nn::Flatten()(sum)), {.name = "block"});
    CHECK(names(model) == std::vector<std::string>{"conv2d", "shortcut", "add", "flatten", "dense"});
    CHECK(model.graph().input_names == std::vector<std::string>{"input_layer"});
    CHECK(model.name() == "block");
    CHECK(model.parameters().size() == 6);
    const Tensor image = random::normal({5, 6, 6, 2});
    const auto layer = [&](const char* name) { return model.layer(name); };
    const Tensor by_hand = layer("dense")((layer("conv2d")(image) + layer("shortcut")(image)).reshape({5, 144}));
    CHECK(distance(model.predict(image), by_hand) <= 1e-6);
    CHECK(model.output_shape({None, 6, 6, 2}) == Shape{None, 3});
}

TEST_CASE("functional: several inputs and outputs, in the order given") {
    nn::Symbol a = nn::Input({3}, {.name = "a"}), b = nn::Input({4}, {.name = "b"});
    nn::Symbol both = nn::Concatenate()({a, b});
    nn::Model model({b, a}, {both, nn::Linear(2)(a)});
    const Tensor xa = random::normal({2, 3}), xb = random::normal({2, 4});
    const Tensors results = model({xb, xa});
    REQUIRE(results.size() == 2);
    CHECK(distance(results[0], concat({xa, xb}, -1)) == 0);
    CHECK(results[1].shape() == Shape{2, 2});
    CHECK(model.output_shapes({{None, 4}, {None, 3}}) == nn::Shapes{{None, 7}, {None, 2}});
    CHECK(model.graph().output_names() == std::vector<std::string>{"concatenate", "dense"});
    CHECK_THAT(error_of<ValueError>([&] { model(xa); }), Catch::Contains("takes 2 inputs; received 1"));
    CHECK_THAT(error_of<ShapeError>([&] {
                   model({xa, xb});
               }),
               Catch::Contains("expects [None, 4]; received float32 [2, 3]"));
}

TEST_CASE("functional: a layer called twice has one set of weights and two calls") {
    nn::Linear shared(5, {.name = "tower"});
    nn::Symbol a = nn::Input({3}), b = nn::Input({3});
    nn::Symbol ya = shared(a), yb = shared(b);
    nn::Model model({a, b}, nn::Dot(1)({ya, yb}));
    CHECK(model.layers().size() == 2);
    CHECK(model.parameters().size() == 2);
    CHECK(model.parameters()[0].is(shared.parameters()[0]));
    const nn::Graph& graph = model.graph();
    REQUIRE(graph.nodes.size() == 3);
    CHECK(graph.nodes[0].call == 0);
    CHECK(graph.nodes[1].call == 1);
    const nn::Origin second = graph.origin(graph.nodes[2].inputs[1]);
    CHECK(second.layer == "tower");
    CHECK(second.call == 1);
    CHECK(graph.origin(graph.inputs[1]).layer == "input_layer_1");
    const Tensor x = random::normal({2, 3});
    CHECK(distance(model({x, x})[0], sum(square(shared(x)), {1}, true)) <= 1e-6);
    CHECK_THAT(error_of<ShapeError>([&] { shared(nn::Input({4})); }),
               Catch::Contains("Dense 'tower': expects [batch, ..., 3]; received [None, 4]"));
}

TEST_CASE("functional: models as layers share their weights") {
    nn::Symbol x = nn::Input({8});
    nn::Symbol code = nn::Linear(2)(nn::Linear(4)(x));
    nn::Model encoder(x, code, {.name = "encoder"});
    nn::Symbol z = nn::Input({2});
    nn::Model decoder(z, nn::Linear(8)(z), {.name = "decoder"});
    nn::Symbol image = nn::Input({8});
    nn::Model autoencoder(image, decoder(encoder(image)));
    CHECK(names(autoencoder) == std::vector<std::string>{"encoder", "decoder"});
    CHECK(autoencoder.parameters().size() == 6);
    CHECK(autoencoder.parameters()[0].is(encoder.parameters()[0]));
    const Tensor batch = random::normal({3, 8});
    CHECK(distance(autoencoder(batch), decoder(encoder(batch))) == 0);
    // A Sequential is a layer too, and a graph may begin in the middle of another.
    nn::Sequential head{nn::Linear(1)};
    nn::Model scores(image, head(encoder(image)));
    CHECK(scores(batch).shape() == Shape{3, 1});
    nn::Model tail(code, nn::Linear(3)(code));
    CHECK(tail(ones({1, 2})).shape() == Shape{1, 3});
    CHECK(tail.parameters().size() == 2);
    CHECK_THAT(error_of<ShapeError>([&] { encoder(nn::Input({7})); }), Catch::Contains("[None, 7]"));
    nn::Sequential whole{encoder, decoder};
    CHECK(distance(whole(batch), autoencoder(batch)) == 0);
    const nn::Sequential none;
    CHECK_THROWS_AS(nn::Sequential(none).add(none), ValueError);
    CHECK_THAT(error_of<ValueError>([&] { whole.add(encoder); }), Catch::Contains("already one of its layers"));
}

TEST_CASE("functional: a layer that two unnamed models hold keeps its weights, and gets a free name in a third") {
    nn::Linear first(2), second(2);
    nn::Sequential a{nn::Input({2}), first}, b{nn::Input({2}), second};
    CHECK(b.layers()[0]->name() == "dense");
    nn::Symbol x = nn::Input({2});
    nn::Model both(x, first(x) - second(x));
    CHECK(names(both) == std::vector<std::string>{"dense", "dense_1", "subtract"});
    nn::Sequential chain{nn::Input({2}), first, second};
    CHECK(chain.graph().nodes[1].name == "dense_1");
    CHECK_THROWS_AS(nn::Sequential({first, nn::Input({2})}), ValueError);
}

TEST_CASE("functional: layers of one's own, by themselves and of several results") {
    nn::Symbol x = nn::Input({4});
    nn::Symbol parts = nn::Layer(Halves())(x);
    CHECK(parts.size() == 2);
    CHECK(parts[1].shape() == Shape{None, 2});
    nn::Model model(x, Twice()(parts[1]) * parts[0]);
    const Tensor batch = random::normal({3, 4});
    CHECK(distance(model(batch), 2 * slice(batch, 1, 0, 2) * slice(batch, 1, 2, 4)) <= 1e-6);
    CHECK_THAT(error_of<ValueError>([&] { parts.shape(); }), Catch::Contains("holds 2 values"));
    CHECK_THROWS_AS(parts[2], IndexError);
    struct Unknown : nn::Module {
        Tensor forward(const Tensor& x) override { return x; }
    };
    CHECK_THAT(error_of<ValueError>([&] { Unknown()(x); }), Catch::Contains("nn::Layer(Unknown(...))(symbol)"));
    nn::Model twice(x, nn::Layer(Twice())(x));  // registers Twice for the call above
    CHECK(twice.layers()[0]->name() == "twice");
}

TEST_CASE("functional: the summary tells what each layer reads") {
    nn::Symbol a = nn::Input({3}, {.name = "a"}), b = nn::Input({3}, {.name = "b"});
    nn::Linear tower(5, {.name = "tower"});
    nn::Symbol ya = tower(a), yb = tower(b);
    nn::Model model({a, b}, nn::Linear(1, {.name = "score"})(nn::Add()({ya, yb})), {.name = "pair"});
    model.layer("tower")->set_trainable(false);
    const std::string text = model.summary_text();
    for (const char* part : {"Model: \"pair\"", "│ Connected to ", "│ a (InputLayer) │ [None, 3]    │          0 │ -",
                             "│ tower (Dense)  │ [None, 5]    │         20 │ a[0][0], b[0][0]",
                             "│ add (Add)      │ [None, 5]    │          0 │ tower[0][0], tower[1][0]", "score (Dense)",
                             "Total parameters: 26", "Trainable: 6", "Not trainable: 20"})
        CHECK_THAT(text, Catch::Contains(part));
    CHECK_THAT(nn::Sequential({nn::Linear(2, {.input_shape = {3}})}).summary_text(), !Catch::Contains("Connected"));
}

TEST_CASE("functional: graphs that are refused") {
    nn::Symbol a = nn::Input({3}, {.name = "a"}), b = nn::Input({3}, {.name = "b"});
    nn::Symbol y = nn::Linear(2)(a) + nn::Linear(2)(b);
    CHECK_THAT(error_of<ValueError>([&] { nn::Model(a, y); }),
               Catch::Contains("needs InputLayer 'b' [None, 3], which is not among the inputs"));
    CHECK_THAT(error_of<ValueError>([&] {
                   nn::Model({a, b}, nn::Linear(1)(a));
               }),
               Catch::Contains("no output needs the input InputLayer 'b'"));
    CHECK_THAT(error_of<ValueError>([&] { nn::Model({a, a}, nn::Linear(1)(a)); }), Catch::Contains("given twice"));
    CHECK_THAT(
        error_of<ValueError>([&] { nn::Model(a, nn::Linear(1, {.name = "x"})(nn::Linear(1, {.name = "x"})(a))); }),
        Catch::Contains("two of its layers are named 'x'"));
    CHECK_THAT(error_of<ValueError>([&] { nn::Model(a, nn::Symbol()); }),
               Catch::Contains("at least one input and one output"));
    CHECK_THAT(error_of<ValueError>([&] { nn::Linear(1)(nn::Symbol()); }), Catch::Contains("empty"));
    CHECK_THAT(error_of<ShapeError>([&] { a + nn::Input({4}); }), Catch::Contains("received [None, 3] and [None, 4]"));
    CHECK_THAT(error_of<ShapeError>([&] { nn::Input({0}); }), Catch::Contains("must be positive"));
    nn::Sequential self{nn::Input({2}), nn::Linear(2)};
    CHECK_THAT(error_of<ValueError>([&] { self.add(self); }), Catch::Contains("cannot be a part of itself"));
    nn::Graph cycle;
    cycle.inputs = {0};
    cycle.outputs = {2};
    cycle.values = 3;
    cycle.nodes = {{"one", nn::Add(), {0, 2}, {1}}, {"two", nn::Activate("relu"), {1}, {2}}};
    CHECK_THAT(error_of<ValueError>([&] { nn::model_from_graph(cycle, ""); }),
               Catch::Contains("layer 'one' needs a value that nothing before it gives"));
}
