// Layers for sequences: against Keras, against themselves step by step, masks, states, and bad input.
#include "../catch.hpp"
#include "fixture_tensor.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/nn/nn.hpp>
#include <weft/optim/sgd.hpp>

#include <numeric>

using namespace weft;
using testing::distance;
using testing::error_of;
using testing::Fixture;

namespace {

// Takes one tensor after another from a dataset in which they lie joined.
class Joined {
public:
    Joined(const Fixture& file, const std::string& path)
        : values_(file.has(path) ? file.values(path).data : std::vector<double>()) {}
    Tensor next(const Shape& shape, DType dtype = float64) {
        const auto first = values_.begin() + at_;
        at_ += shape.elements();
        REQUIRE(at_ <= static_cast<std::int64_t>(values_.size()));
        return tensor(std::vector<double>(first, first + shape.elements()), shape, dtype);
    }
    bool done() const { return at_ == static_cast<std::int64_t>(values_.size()); }

private:
    std::vector<double> values_;
    std::int64_t at_ = 0;
};

Shape open_batch(Shape shape) {
    shape[0] = None;
    return shape;
}

void set_weights(const std::vector<nn::NamedTensor>& weights, Joined values, DType dtype) {
    for (const nn::NamedTensor& weight : weights)
        Tensor(weight.tensor).assign(values.next(weight.tensor.shape(), dtype));
    CHECK(values.done());
}

std::vector<std::int64_t> state_sizes(nn::Layer layer) {
    if (auto* rnn = layer.as<nn::RNN>()) return rnn->cell().state_size();
    return {2, 2};  // the two directions of the only wrapped layer in the file that gets states
}

void compare(const Fixture& file, const std::string& name, DType dtype, double tolerance) {
    INFO(name << " " << weft::name(dtype));
    nn::Layer layer = nn::make_layer(file.text(name, "class"), nlohmann::json::parse(file.text(name, "config")));
    layer->to(dtype);
    layer->eval();
    Tensor x = testing::to_tensor(file.values(name + "/input"), dtype);
    const bool real = is_floating(x.dtype());
    if (real) x.set_requires_grad();
    layer->build_for(open_batch(x.shape()));
    const auto weights = layer->named_weights();
    set_weights(weights, Joined(file, name + "/weights"), dtype);
    Tensors inputs{x};
    if (file.has(name + "/states"))
        for (Joined states(file, name + "/states"); !states.done();)
            inputs.push_back(
                states.next({x.shape(0), state_sizes(layer)[inputs.size() - 1]}, dtype).set_requires_grad());
    if (file.has(name + "/mask")) nn::set_mask(inputs[0], testing::to_tensor(file.values(name + "/mask")).to(boolean));

    const Tensors results = (*layer)(inputs);
    Joined expected(file, name + "/results"), dy(file, name + "/dy");
    Tensor total = 0.0;
    for (const Tensor& y : results) {
        CHECK(distance(y, expected.next(y.shape())) <= tolerance);
        total = total + sum(y * dy.next(y.shape(), dtype));
    }
    CHECK(expected.done());
    const Shape promised = layer->output_shape(open_batch(x.shape()));
    REQUIRE(promised.rank() == results[0].rank());
    for (int i = 1; i < promised.rank(); ++i) CHECK(promised[i] == results[0].shape()[i]);
    if (!total.requires_grad()) return;
    total.backward();
    if (real) CHECK(distance(x.grad(), testing::to_tensor(file.values(name + "/grad_input"))) <= tolerance);
    Joined of_states(file, name + "/grad_states"), of_weights(file, name + "/grad_weights");
    for (std::size_t i = 1; i < inputs.size(); ++i) {
        const Tensor found = inputs[i].grad(), wanted = of_states.next(inputs[i].shape());
        CHECK(distance(found.defined() ? found : zeros_like(wanted), wanted) <= tolerance);
    }
    for (const nn::NamedTensor& weight : weights)
        CHECK(distance(weight.tensor.grad(), of_weights.next(weight.tensor.shape())) <= tolerance);
}

}  // namespace

TEST_CASE("recurrent: results, states and gradients are Keras's", "[nn][recurrent]") {
    const Fixture file("recurrent");
    std::size_t cases = 0;
    for (const std::string& name : file.names()) {
        if (name == "model") continue;
        ++cases;
        compare(file, name, float64, 1e-7);
        compare(file, name, float32, 1e-5);
    }
    CHECK(cases > 60);
}

namespace {

Tensor bools(const std::vector<int>& values, const Shape& shape) {
    return tensor(std::vector<double>(values.begin(), values.end()), shape).to(boolean);
}

nn::Sequential tagger() {
    return nn::Sequential{
        nn::Embedding(5, 4, {.mask_zero = true, .input_shape = {None}}),
        nn::Bidirectional(nn::LSTM(3, {.return_sequences = true})),
        nn::Dropout(0.0),
        nn::TimeDistributed(nn::Linear(4, {.activation = "relu"})),
        nn::GRU(3, {.return_sequences = true}),
        nn::Linear(3, {.activation = "softmax"}),
    };
}

}  // namespace

TEST_CASE("recurrent: a tagger on padded sentences has Keras's loss, metrics and update", "[nn][recurrent]") {
    const Fixture file("recurrent");
    const Tensor x = testing::to_tensor(file.values("model/x")), y = testing::to_tensor(file.values("model/y"));
    for (const std::string kind : {"plain", "weighted"}) {
        INFO(kind);
        nn::Sequential model = tagger();
        model.to(float64);
        set_weights(model.named_weights(), Joined(file, "model/weights"), float64);
        CHECK(distance(model.predict(x), testing::to_tensor(file.values("model/prediction"))) <= 1e-7);
        model.compile({.optimizer = optim::SGD({.lr = 0.5}),
                       .loss = "sparse_categorical_crossentropy",
                       .metrics = {"accuracy"},
                       .weighted_metrics = {"sparse_categorical_crossentropy"}});
        const Tensor weight = kind == "weighted" ? testing::to_tensor(file.values("model/sample_weight")) : Tensor();
        const nn::Logs logs = model.evaluate(x, y, {.batch_size = 4, .sample_weight = weight});
        const auto expected = file.values("model/" + kind + "/logs").data;
        CHECK(logs["loss"] == Approx(expected[0]).epsilon(1e-6));
        CHECK(logs["accuracy"] == Approx(expected[1]).epsilon(1e-6));
        CHECK(logs["sparse_categorical_crossentropy"] == Approx(expected[2]).epsilon(1e-6));
        model.train_on_batch(x, y, weight);
        Joined after(file, "model/" + kind + "/after");
        for (const nn::NamedTensor& parameter : model.named_weights()) {
            INFO(parameter.name);
            CHECK(distance(parameter.tensor, after.next(parameter.tensor.shape())) <= 1e-7);
        }
    }
}

TEST_CASE("recurrent: what stands in padded steps changes nothing", "[nn][recurrent]") {
    nn::LSTM layer(4, {.return_sequences = true});
    Tensor a = random::normal({2, 4, 3}, float64);
    layer.to(float64);
    Tensor b = a.detach();
    b = where(tensor({1, 1, 0, 0, 1, 1, 1, 1}, {2, 4, 1}).to(boolean), b, 100);
    const Tensor mask = bools({1, 1, 0, 0, 1, 1, 1, 1}, {2, 4});
    nn::set_mask(a, mask);
    nn::set_mask(b, mask);
    CHECK(distance(layer(a), layer(b)) == 0);
    const nn::Loss loss("mse");
    const Tensor target = zeros({2, 4, 4}, float64);
    CHECK(loss(target, layer(a)).item<double>() == loss(target, layer(b)).item<double>());
}

TEST_CASE("recurrent: masks go on with layers that work step by step, and end elsewhere", "[nn][recurrent]") {
    Tensor x = random::normal({2, 3, 4});
    const Tensor mask = bools({1, 1, 0, 1, 0, 0}, {2, 3});
    nn::set_mask(x, mask);
    const auto after = [&](nn::Layer layer) { return nn::mask_of((*layer)(x)); };
    CHECK(after(nn::Linear(2)).is(mask));
    CHECK(after(nn::Activate("tanh")).is(mask));
    CHECK(after(nn::Dropout(0.5)).is(mask));
    CHECK(after(nn::TimeDistributed(nn::Linear(2))).is(mask));
    CHECK(after(nn::LSTM(2, {.return_sequences = true})).is(mask));
    CHECK(after(nn::LSTM(2, {.return_sequences = true, .go_backwards = true})).is(mask));
    CHECK(after(nn::Bidirectional(nn::GRU(2, {.return_sequences = true}))).is(mask));
    CHECK(after(nn::Sequential{nn::Linear(2), nn::ReLU()}).is(mask));
    CHECK(!after(nn::LSTM(2)).defined());
    CHECK(!after(nn::Bidirectional(nn::SimpleRNN(2))).defined());
    CHECK(!after(nn::Flatten()).defined());
    CHECK(!after(nn::Sequential{nn::Linear(2), nn::Reshape({-1})}).defined());
    const Tensor embedded = nn::Embedding(4, 2, {.mask_zero = true})(tensor({0, 3, 1, 0}, {2, 2}, int64));
    CHECK(distance(nn::mask_of(embedded), bools({0, 1, 1, 0}, {2, 2})) == 0);
}

TEST_CASE("recurrent: cells in a loop of one's own give what the layers give", "[nn][recurrent]") {
    const Tensor x = random::normal({3, 6, 2}, float64);
    const auto check = [&](nn::Layer cell, nn::RNN layer) {
        INFO(cell->class_name());
        cell->to(float64);
        layer.to(float64);
        const Tensor whole = layer(x);
        cell->build_for({None, 2});
        const auto own = cell->named_weights(), from = layer.named_weights();
        REQUIRE(own.size() == from.size());
        for (std::size_t i = 0; i < own.size(); ++i) Tensor(own[i].tensor).assign(from[i].tensor.detach());
        Tensors states, outputs;
        for (std::int64_t size : cell.as<nn::RecurrentCell>()->state_size())
            states.push_back(zeros({3, size}, float64));
        for (std::int64_t t = 0; t < 6; ++t) {
            Tensors inputs = states;
            inputs.insert(inputs.begin(), select(x, 1, t));
            Tensors next = (*cell)(inputs);
            outputs.push_back(next[0]);
            states.assign(next.begin() + 1, next.end());
        }
        CHECK(distance(stack(outputs, 1), whole) <= 1e-12);
    };
    check(nn::LSTMCell(3), nn::LSTM(3, {.return_sequences = true}));
    check(nn::GRUCell(3), nn::GRU(3, {.return_sequences = true}));
    check(nn::GRUCell(3, {.reset_after = false}), nn::GRU(3, {.return_sequences = true, .reset_after = false}));
    check(nn::SimpleRNNCell(3), nn::SimpleRNN(3, {.return_sequences = true}));
    check(nn::StackedRNNCells({nn::LSTMCell(3), nn::GRUCell(2)}),
          nn::RNN(nn::StackedRNNCells({nn::LSTMCell(3), nn::GRUCell(2)}), {.return_sequences = true}));
}

namespace {

// Keras's example of a cell of one's own.
struct MinimalCell : nn::RecurrentCell {
    std::vector<std::int64_t> state_size() const override { return {3}; }
    void build(const Shape& input) override {
        kernel = parameter("kernel", {input.back(), 3});
        recurrent_kernel = parameter("recurrent_kernel", {3, 3});
    }
    Tensors call(const Tensors& inputs) override {
        const Tensor next = matmul(inputs[0], kernel) + matmul(inputs[1], recurrent_kernel);
        return {next, next};
    }
    Tensor kernel, recurrent_kernel;
};

}  // namespace

TEST_CASE("recurrent: a cell of one's own", "[nn][recurrent]") {
    nn::RNN layer(MinimalCell{});
    const Tensor x = random::normal({2, 3, 2}), y = layer(x);
    const auto weights = layer.parameters();
    Tensor h = zeros({2, 3});
    for (std::int64_t t = 0; t < 3; ++t) h = matmul(select(x, 1, t), weights[0]) + matmul(h, weights[1]);
    CHECK(distance(y, h) <= 1e-6);
    CHECK_NOTHROW(nn::check_layer(nn::RNN(MinimalCell{}), {4, 2}, {.saving = false}));
}

TEST_CASE("recurrent: stateful layers go on where the last batch ended", "[nn][recurrent]") {
    const Tensor x = random::normal({2, 7, 3});
    nn::Sequential model{nn::Bidirectional(nn::GRU(2, {.return_sequences = true})),
                         nn::LSTM(4, {.stateful = true, .input_shape = {None, 3}})};
    nn::LSTM plain(4, {.return_sequences = true}), stateful(4, {.return_sequences = true, .stateful = true});
    plain(x);
    stateful(x);
    const auto from = plain.parameters(), to = stateful.parameters();
    for (std::size_t i = 0; i < to.size(); ++i) Tensor(to[i]).assign(from[i].detach());
    stateful.reset_states();
    const Tensor parts =
        concat({stateful(slice(x, 1, 0, 3)), stateful(slice(x, 1, 3, 4)), stateful(slice(x, 1, 4, 7))}, 1);
    CHECK(distance(parts, plain(x)) <= 1e-6);
    CHECK_THAT(error_of<ShapeError>([&] { stateful(slice(x, 0, 0, 1)); }),
               testing::contains("LSTM") && testing::contains("had 2 sequences; received float32 [1, 7, 3]"));
    stateful.reset_states();
    CHECK(distance(stateful(x), plain(x)) <= 1e-6);
    const Tensor first = model(x), second = model(x);
    CHECK(distance(first, second) > 1e-4);
    model.reset_states();
    CHECK(distance(model(x), first) == 0);
}

TEST_CASE("recurrent: return_state and initial states split a sequence anywhere", "[nn][recurrent]") {
    const Tensor x = random::normal({3, 9, 2});
    nn::GRU whole(5, {.return_sequences = true, .return_state = true});
    const Tensors all = whole(Tensors{x});
    const Tensors head = whole(Tensors{slice(x, 1, 0, 4)});
    const Tensors tail = whole(Tensors{slice(x, 1, 4, 9), head[1]});
    CHECK(distance(concat({head[0], tail[0]}, 1), all[0]) <= 1e-6);
    CHECK(distance(tail[1], all[1]) <= 1e-6);
}

TEST_CASE("recurrent: a copy shares weights and states; both directions have weights of their own", "[nn][recurrent]") {
    nn::LSTM a(3, {.stateful = true});
    nn::LSTM b = a;
    const Tensor x = random::normal({1, 4, 2}), first = a(x);
    CHECK(distance(b(x), first) > 1e-5);
    CHECK(a.parameters()[0].is(b.parameters()[0]));
    nn::Bidirectional both(nn::LSTM(3));
    both(x);
    const auto names = both.named_parameters();
    REQUIRE(names.size() == 6);
    CHECK(names[0].name == "forward_layer.cell.kernel");
    CHECK(names[5].name == "backward_layer.cell.bias");
    CHECK(distance(names[0].tensor, names[3].tensor) > 1e-3);
    CHECK(both.state()->children[1].second->name == "backward_lstm");
    nn::RNN stacked(nn::StackedRNNCells({nn::LSTMCell(3), nn::GRUCell(2), nn::GRUCell(2)}));
    stacked(x);
    CHECK(stacked.named_parameters()[0].name == "cell.cells.lstm_cell.kernel");
    CHECK(stacked.named_parameters()[8].name == "cell.cells.gru_cell_1.bias");
}

TEST_CASE("recurrent: first weights are Keras's", "[nn][recurrent]") {
    nn::LSTM layer(4);
    layer.build_for({None, None, 3});
    const auto weights = layer.parameters();
    CHECK(weights[0].shape() == Shape{3, 16});
    CHECK(distance(matmul(weights[1], transpose(weights[1])), eye(4)) <= 1e-5);
    CHECK(distance(weights[2], concat({zeros({4}), ones({4}), zeros({8})})) == 0);
    nn::GRU gru(4);
    gru.build_for({None, None, 3});
    CHECK(gru.parameters()[2].shape() == Shape{2, 12});
}

TEST_CASE("recurrent: bad input is refused by name", "[nn][recurrent]") {
    nn::LSTM layer(3, {.name = "reader"});
    layer(random::normal({2, 4, 5}));
    const auto refusal = [&](auto&& call) { return error_of<Error>(call); };
    CHECK_THAT(refusal([&] {
                   layer(random::normal({2, 5}));
               }),
               testing::contains("LSTM 'reader': expects [batch, time, features]; received 2 axes, [2, 5]"));
    CHECK_THAT(refusal([&] {
                   layer(random::normal({2, 4, 6}));
               }),
               testing::contains("LSTM 'reader': its weights were made for 5 features; received [2, 4, 6]"));
    CHECK_THAT(refusal([&] {
                   layer(zeros({2, 0, 5}));
               }),
               testing::contains("LSTM 'reader': a sequence needs at least one step; received [2, 0, 5]"));
    Tensor x = zeros({2, 4, 5});
    nn::set_mask(x, bools({1, 1, 1, 1, 1, 1}, {2, 3}));
    CHECK_THAT(refusal([&] { layer(x); }), testing::contains("LSTM 'reader': the mask must be bool [2, 4]"));
    CHECK_THAT(refusal([&] {
                   layer(Tensors{zeros({2, 4, 5}), zeros({2, 3})});
               }),
               testing::contains("it and 2 states; received 2 tensors"));
    CHECK_THAT(refusal([&] {
                   layer(Tensors{zeros({2, 4, 5}), zeros({2, 3}), zeros({2, 4})});
               }),
               testing::contains("state 1 must be [2, 3]; received float32 [2, 4]"));
    CHECK_THAT(refusal([] { nn::LSTM(0); }), testing::contains("units must be positive"));
    CHECK_THAT(refusal([] { nn::GRU(2, {.dropout = 1}); }), testing::contains("below 1; received 1"));
    CHECK_THAT(refusal([] { nn::Bidirectional(nn::LSTM(2), {.merge_mode = "sun"}); }),
               testing::contains("received \"sun\""));
    CHECK_THAT(refusal([] { nn::Bidirectional(nn::LSTM(2), {.backward_layer = nn::LSTM(2)}); }),
               testing::contains("goes the other way"));

    nn::Embedding words(10, 2, {.name = "words"});
    CHECK_THAT(
        refusal([&] {
            words(tensor({1, 2, 3, 10}, {2, 2}, int64));
        }),
        testing::contains(
            "Embedding 'words': ids must be whole numbers in 0..9; received 10 at position [1, 1] of int64 [2, 2]"));
    CHECK_THAT(refusal([&] { words(tensor({1, -1}, {2}, int64)); }), testing::contains("received -1 at position [1]"));
    CHECK_THAT(refusal([&] { words(tensor({0.5}, {1})); }), testing::contains("received 0.5 at position [0]"));
    CHECK_THAT(refusal([] {
                   nn::TimeDistributed(nn::Linear(2))(zeros({2, 3}));
               }),
               testing::contains("[batch, time, ...] of three axes or more"));
    CHECK_THAT(refusal([&] { nn::TimeDistributed(nn::Linear(2))(x); }),
               testing::contains("the mask must be [batch, time] as the input"));
    nn::set_mask(x, ones({2, 4}));
    CHECK_THAT(refusal([&] { layer(x); }),
               testing::contains("the mask must be bool [2, 4]") && testing::contains("received float32 [2, 4]"));

    // In a model, before anything is trained.
    nn::Sequential model{nn::LSTM(3, {.input_shape = {None, 5}}), nn::Linear(1)};
    CHECK_THAT(refusal([&] {
                   model.predict(zeros({2, 5}));
               }),
               testing::contains("LSTM 'lstm': expects [batch, time, features]"));
    CHECK_THAT(refusal([&] {
                   model.predict(zeros({2, 3, 4}));
               }),
               testing::contains("LSTM 'lstm': its weights were made for 5 features"));
}

TEST_CASE("recurrent: gradients through a thousand steps are finite and right", "[nn][recurrent]") {
    const Tensor x = random::normal({2, 1000, 1}, float64);
    const auto check = [&](nn::Layer layer) {
        INFO(layer->class_name());
        layer->to(float64);
        layer->build_for({None, None, 1});
        const auto value = [&] { return sum(square((*layer)(x))); };
        value().backward();
        for (const nn::NamedTensor& weight : layer->named_parameters()) {
            CHECK(all_finite(weight.tensor.grad()));
            for (std::int64_t i : {std::int64_t{0}, weight.tensor.elements() / 2}) {
                const NoGrad off_tape;
                const double step = 1e-5;
                Tensor handle = weight.tensor;
                const Tensor kept(handle.data().copy());
                const auto moved = [&](double by) {
                    Array values = kept.data().copy();
                    values.data<double>()[i] += by;
                    handle.assign(Tensor(values));
                    const double result = value().item<double>();
                    handle.assign(kept);
                    return result;
                };
                const double numeric = (moved(step) - moved(-step)) / (2 * step);
                CHECK(handle.grad().item<double>(i) == Approx(numeric).epsilon(1e-5).margin(1e-6));
            }
        }
    };
    check(nn::LSTM(3));
    check(nn::GRU(3));
    check(nn::SimpleRNN(3));
}

TEST_CASE("recurrent: an encoder's states begin a decoder, in a model drawn from symbols", "[nn][recurrent]") {
    const nn::Symbol source = nn::Input({None, 2}), target = nn::Input({None, 3});
    nn::LSTM encoder(4, {.return_state = true}), decoder(4, {.return_sequences = true});
    const nn::Symbol encoded = nn::Layer(encoder)(source);
    REQUIRE(encoded.size() == 3);
    const nn::Symbol decoded = nn::Layer(decoder)(nn::Symbol{target, encoded[1], encoded[2]});
    CHECK(decoded.shape() == Shape{None, None, 4});
    nn::Model model({source, target}, nn::Layer(nn::Linear(3))(decoded));
    const Tensor x = random::normal({2, 5, 2}), y = random::normal({2, 3, 3});
    const Tensors states = encoder(Tensors{x});
    const Tensor by_hand = decoder(Tensors{y, states[1], states[2]})[0];
    const auto dense = model.layers().back()->parameters();
    CHECK(distance(model(Tensors{x, y})[0], linear(by_hand, dense[0], dense[1])) <= 1e-6);
    sum(model(Tensors{x, y})[0]).backward();
    for (const Tensor& parameter : encoder.parameters()) CHECK(max(abs(parameter.grad())).item<double>() > 0);
}

TEST_CASE("recurrent: an input that was made from another counts once in a second derivative", "[nn][recurrent]") {
    const auto run = [](const Tensors& t) {
        return Tensors{lstm(t[0].reshape({2, 4, 2}), t[0], t[1], Tensor(), Tensor(), Tensor())[0]};
    };
    const GradcheckReport report =
        gradcheck(run, {random::normal({2, 8}, float64) * 0.5, random::normal({2, 8}, float64) * 0.5});
    INFO(report.table);
    CHECK(report.passed);
}
