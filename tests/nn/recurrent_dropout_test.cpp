// Dropout in recurrent layers: which elements go, for how long, and for which gates.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>

using namespace weft;
using testing::distance;

TEST_CASE("recurrent: dropout draws one mask a sequence, in training alone", "[nn][recurrent]") {
    const Tensor x = ones({4, 30, 8});
    for (bool recurrent : {false, true}) {
        nn::SimpleRNN layer(6, {.activation = "linear",
                                .recurrent_initializer = recurrent ? "identity" : "zeros",
                                .dropout = recurrent ? 0.0 : 0.5,
                                .recurrent_dropout = recurrent ? 0.5 : 0.0,
                                .return_sequences = true});
        layer.eval();
        const Tensor still = layer(x);
        layer.train();
        const Tensor dropped = layer(x);
        CHECK(distance(dropped, still) > 1e-3);
        if (!recurrent)  // the same inputs are missing at every step
            CHECK(distance(select(dropped, 1, 0), select(dropped, 1, 29)) <= 1e-6);
    }
    nn::LSTM fused(6, {.dropout = 0.5, .return_sequences = true});
    CHECK(distance(fused(x), fused(x)) > 1e-3);
    fused.eval();
    CHECK(distance(fused(x), fused(x)) == 0);
}

namespace {

// [a I, b I, ...]: a gate's product is that element of its input which stands where its own does.
Tensor blocks(const std::vector<double>& factors, std::int64_t units) {
    Tensors parts;
    for (double factor : factors) parts.push_back(eye(units) * factor);
    return concat(parts, -1);
}

// An LSTM without activations whose c stays as it is and whose o is h.
void make_carrying(nn::Module& layer, std::int64_t units) {
    layer.build_for(layer.class_name() == "LSTM" ? Shape{None, None, 1} : Shape{None, 1});
    Tensors weights = layer.parameters();
    weights[0].assign(zeros({1, 4 * units}));
    weights[1].assign(blocks({0, 0, 0, 1}, units));
    weights[2].assign(concat({zeros({units}), ones({units}), zeros({2 * units})}));
}

double share(const Tensor& x, double value) { return mean(equal(x, value).to(float32)).item<double>(); }

}  // namespace

// With blocks and no activation, gates are 0 or 2 where half is dropped.
TEST_CASE("recurrent: with recurrent dropout each gate has masks of its own, else all have one, as in Keras",
          "[nn][recurrent]") {
    manual_seed(1);
    const std::int64_t n = 64;
    const Tensor one = ones({n, n}), x = ones({n, 1, n});
    const auto results = [&](nn::Layer layer, const Tensor& kernel, const Tensor& recurrent) {
        layer->build_for({None, 1, n});
        Tensor(layer->parameters()[0]).assign(kernel);
        Tensor(layer->parameters()[1]).assign(recurrent);
        const bool lstm = layer->class_name() == "LSTM";
        return (*layer)(lstm ? Tensors{x, one, one} : Tensors{x, one}).back();
    };
    // c = f + i g: 0, 2, 4 or 6.
    const auto lstm = [&](double dropout, double recurrent_dropout, const Tensor& kernel, const Tensor& recurrent) {
        return results(nn::LSTM(n, {.activation = "linear",
                                    .recurrent_activation = "linear",
                                    .use_bias = false,
                                    .dropout = dropout,
                                    .recurrent_dropout = recurrent_dropout,
                                    .return_state = true}),
                       kernel, recurrent);
    };
    const Tensor none = zeros({n, 4 * n}), all = blocks({1, 1, 1, 1}, n);
    const Tensor together = lstm(0.5, 0, all, none);
    CHECK(share(together, 0) + share(together, 6) == 1);
    CHECK(share(together, 6) == Approx(0.5).margin(0.03));
    for (const Tensor& apart : {lstm(0, 0.5, none, all), lstm(0.5, 1e-9, all, none)}) {
        CHECK(share(apart, 0) == Approx(0.375).margin(0.03));
        CHECK(share(apart, 2) == Approx(0.375).margin(0.03));
        CHECK(share(apart, 4) == Approx(0.125).margin(0.03));
        CHECK(share(apart, 6) == Approx(0.125).margin(0.03));
    }
    // h' = z h + (1 - z) r h_h: z is 0 or 2, r h_h is 0 or 4.
    for (bool reset_after : {true, false}) {
        const Tensor h = results(nn::GRU(n, {.activation = "linear",
                                             .recurrent_activation = "linear",
                                             .use_bias = false,
                                             .recurrent_dropout = 0.5,
                                             .return_state = true,
                                             .reset_after = reset_after}),
                                 zeros({n, 3 * n}), blocks({1, 1, 1}, n));
        CHECK(share(h, 0) == Approx(0.375).margin(0.03));   // z = 0, one of the two dropped
        CHECK(share(h, 4) == Approx(0.125).margin(0.03));   // z = 0, both kept
        CHECK(share(h, 2) == Approx(0.375).margin(0.03));   // z = 2, one of the two dropped
        CHECK(share(h, -2) == Approx(0.125).margin(0.03));  // z = 2, both kept
    }
}

TEST_CASE("recurrent: recurrent dropout keeps its masks through a sequence, a bare cell draws them anew",
          "[nn][recurrent]") {
    // h doubles at every step or is gone at once.
    manual_seed(1);
    const std::int64_t n = 64;
    nn::LSTM layer(n, {.activation = "linear", .recurrent_activation = "linear", .recurrent_dropout = 0.5});
    make_carrying(layer, n);
    const Tensor h = layer(Tensors{zeros({8, 5, 1}), ones({8, n}), ones({8, n})})[0];
    CHECK(share(h, 0) + share(h, 32) == 1);
    CHECK(share(h, 32) == Approx(0.5).margin(0.1));
    nn::LSTMCell cell(n, {.activation = "linear", .recurrent_activation = "linear", .recurrent_dropout = 0.5});
    make_carrying(cell, n);
    Tensors next{Tensor(), ones({8, n}), ones({8, n})};
    for (int i = 0; i < 5; ++i) next = cell(Tensors{zeros({8, 1}), next[1], next[2]});
    CHECK(share(next[0], 32) == Approx(1.0 / 32).margin(0.03));
    cell.eval();
    CHECK(share(cell(Tensors{zeros({8, 1}), ones({8, n}), ones({8, n})})[0], 1) == 1);
}
