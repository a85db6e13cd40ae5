// What all optimizers share: groups, state, frozen parameters, errors.
#include "catch.hpp"
#include "optim/support.hpp"

#include <weft/autograd/memory.hpp>
#include <weft/optim/optim.hpp>

#include <limits>

using namespace weft;
using namespace weft::testing;
using Catch::Contains;

TEST_CASE("optimizers: every way to construct one", "[optim]") {
    const Tensors list{parameter({1}), parameter({2})};
    const Tensor a = list[0], b = list[1];
    CHECK(optim::Adam({.lr = 1e-2}).parameters().empty());
    CHECK(optim::Adam({.lr = 1e-2}).learning_rate() == 1e-2);
    CHECK(optim::Adam().learning_rate() == 1e-3);
    CHECK(optim::Adam(list).parameters().size() == 2);
    CHECK(optim::AdamW(list, {.lr = 1e-2, .weight_decay = 1e-4}).options().weight_decay == 1e-4);
    CHECK(optim::SGD({a, b}, {.momentum = 0.9}).parameters()[1].is(b));
    CHECK(optim::SGD({{.parameters = {a}, .lr = 0.1}, {.parameters = {b}}}, {}).parameters().size() == 2);
    CHECK(optim::RMSprop(std::vector<optim::Group>{{{a}, 0.1}, {{b}}}).parameters().size() == 2);
}

TEST_CASE("optimizers: a group has its own rate and decay", "[optim]") {
    const Tensor a = parameter({1}, {1}), b = parameter({1}, {1}), c = parameter({1}, {0});
    optim::SGD optimizer(
        {{.parameters = {a}}, {.parameters = {b}, .lr = 0.01}, {.parameters = {c}, .weight_decay = 0.5}}, {.lr = 0.1});
    optimizer.step();
    CHECK(a.item<double>() == Approx(0.9));
    CHECK(b.item<double>() == Approx(0.99));
    CHECK(c.item<double>() == Approx(1 - 0.1 * 0.5));
    optimizer.set_learning_rate(0.2);
    optimizer.step();
    CHECK(a.item<double>() == Approx(0.7));
    CHECK(b.item<double>() == Approx(0.97));  // keeps its ratio
}

TEST_CASE("optimizers: frozen parameters and those without a gradient stay as they are", "[optim]") {
    Tensor a = parameter({1}, {1}), b = parameter({1}, {1}), c = parameter({1});
    optim::Adam optimizer({a, b, c}, {.lr = 0.1, .weight_decay = 0.1});
    b.set_requires_grad(false);
    optimizer.step();
    CHECK(a.item<double>() < 0.95);
    CHECK(b.item<double>() == 1);
    CHECK(c.item<double>() == 1);
    CHECK(optimizer.slots(b)[0].value.item<double>() == 0);
    b.set_requires_grad(true).set_grad(tensor({1.0}, float64));
    optimizer.step();
    CHECK(b.item<double>() < 0.95);
    optimizer.zero_grad();
    CHECK_FALSE(a.grad().defined());
}

TEST_CASE("optimizers: slots belong to the parameter, whatever handle names it", "[optim]") {
    const Tensor a = parameter({1, 2}, {1, 1}), b = parameter({1, 2}, {3, 3}), handle = b;
    optim::SGD optimizer({a, b}, {.lr = 0.1, .momentum = 0.9});
    optimizer.step();
    REQUIRE(optimizer.slots(handle).size() == 1);
    CHECK(optimizer.slots(handle)[0].name == "momentum");
    CHECK(optimizer.slots(handle)[0].value.item<double>(0) == Approx(-0.3));
    CHECK(optimizer.slots(a)[0].value.item<double>(0) == Approx(-0.1));
    CHECK_THROWS_AS(optimizer.slots(a.detach()), ValueError);
    CHECK(optimizer.iterations() == 1);
}

TEST_CASE("optimizers: state set from outside continues where it was taken", "[optim]") {
    const std::string name = GENERATE(as<std::string>{}, "sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta");
    const optim::Settings settings =
        name == "sgd" || name == "rmsprop" ? optim::Settings{{"momentum", 0.9}} : optim::Settings{};
    const DType dtype = GENERATE(float32, float64);
    Tensor a = parameter({1, -2, 3}, {}, dtype);
    const auto first = optim::make(name, settings)->fresh({a});
    const auto advance = [](const Tensor& x, optim::Optimizer& optimizer) {
        optimizer.zero_grad();
        sum(square(x) * x).backward();
        optimizer.step();
    };
    for (int step = 0; step < 3; ++step) advance(a, *first);
    Tensor b = parameter({0, 0, 0}, {}, dtype);
    b.assign(a.detach());
    const auto second = first->fresh({b});
    CHECK(second->iterations() == 0);
    const auto from = first->slots(a);
    auto to = second->slots(b);
    REQUIRE(to.size() == from.size());
    for (std::size_t i = 0; i < to.size(); ++i) to[i].value.assign(from[i].value);
    second->set_iterations(first->iterations());
    advance(a, *first);
    advance(b, *second);
    CHECK(doubles(a) == doubles(b));
}

TEST_CASE("optimizers: names of the slots, in Keras's order", "[optim]") {
    using Names = std::vector<std::string>;
    CHECK(optim::SGD().slot_names().empty());
    CHECK(optim::SGD({.momentum = 0.9}).slot_names() == Names{"momentum"});
    CHECK(optim::Adam({.amsgrad = true}).slot_names() == Names{"momentum", "velocity", "velocity_hat"});
    CHECK(optim::AdamW().interleaved_slots() == 2);
    CHECK(optim::RMSprop({.momentum = 0.9, .centered = true}).slot_names() ==
          Names{"velocity", "momentum", "average_gradient"});
    CHECK(optim::RMSprop().interleaved_slots() == 1);
    const Tensor a = parameter({1});
    CHECK(optim::Adagrad(Tensors{a}).slots(a)[0].value.item<double>() == 0.1);
}

TEST_CASE("optimizers: the tape notices a step", "[optim]") {
    const Tensor a = parameter({1, 2}, {1, 1});
    const Tensor y = sum(square(a));
    optim::SGD(Tensors{a}).step();
    CHECK_THROWS_AS(y.backward(), GraphError);
}

TEST_CASE("optimizers: many threads give the numbers of one", "[optim]") {
    const int before = num_threads();
    const auto run = [](int threads) {
        set_num_threads(threads);
        Generator generator(3);
        Tensor a = random::normal({100003}, 0, 1, float64, generator);
        a.set_requires_grad();
        optim::Adam optimizer({a}, {.lr = 0.1, .clipnorm = 1.0});
        for (int step = 0; step < 3; ++step) {
            a.set_grad(random::normal({100003}, 0, 1, float64, generator));
            optimizer.step();
        }
        return doubles(a);
    };
    const auto one = run(1), three = run(3);
    set_num_threads(before);
    const bool equal = one == three;  // not two long lists in the report
    CHECK(equal);
}

TEST_CASE("optimizers: state follows a parameter that changes its element type", "[optim]") {
    Tensor a = parameter({1}, {1}, float32);
    optim::SGD optimizer(Tensors{a}, {.lr = 0.1, .momentum = 0.5});
    optimizer.step();
    a.impl()->array = cast(a.data(), float64);
    a.set_requires_grad(false).set_requires_grad(true).set_grad(tensor({1.0}, float64));
    optimizer.step();
    CHECK(a.item<double>() == Approx(0.75));
    CHECK(optimizer.slots(a)[0].value.dtype() == float64);
}

TEST_CASE("optimizers: steps do not grow the memory", "[optim]") {
    Tensor a = random::normal({300, 200});
    a.set_requires_grad();
    optim::Adam optimizer({a}, {.amsgrad = true, .global_clipnorm = 0.1});
    const auto step = [&] {
        optimizer.zero_grad();
        sum(square(a)).backward();
        optimizer.step();
    };
    for (int i = 0; i < 3; ++i) step();
    const MemoryUse before = memory_use();
    reset_peak_memory();
    const std::size_t peak = memory_use().peak;
    for (int i = 0; i < 3; ++i) step();
    const std::size_t use = memory_use().peak;
    for (int i = 0; i < 200; ++i) step();
    CHECK(memory_use().in_use == before.in_use);
    CHECK(memory_use().peak == use);
    CHECK(use - peak < 10 * 300 * 200 * sizeof(float));
}

TEST_CASE("optimizers: what they refuse", "[optim]") {
    const Tensor a = parameter({1, 2}, {1, 1}), b = parameter({3});
    CHECK_THROWS_WITH(optim::Adam({.lr = 1e-3}).step(), Contains("Adam") && Contains("parameters"));
    CHECK_THROWS_WITH(optim::SGD({.lr = -1}), Contains("learning_rate") && Contains("-1"));
    CHECK_THROWS_AS(optim::SGD({.lr = std::numeric_limits<double>::quiet_NaN()}), ValueError);
    CHECK_THROWS_WITH(optim::Adam({.beta_1 = 1}), Contains("beta_1"));
    CHECK_THROWS_WITH(optim::RMSprop({.rho = -0.1}), Contains("rho"));
    CHECK_THROWS_WITH(optim::SGD({.momentum = 1.5}), Contains("momentum"));
    CHECK_THROWS_WITH(optim::Adagrad({.initial_accumulator_value = -1}), Contains("initial_accumulator_value"));
    CHECK_THROWS_WITH(optim::AdamW({.clipnorm = 0.0}), Contains("clipnorm"));
    CHECK_THROWS_WITH(optim::Adam({.clipnorm = 1.0, .clipvalue = 1.0}), Contains("only one"));
    CHECK_THROWS_WITH(optim::Adam(Tensors{}), Contains("empty"));
    CHECK_THROWS_WITH(optim::Adam(Tensors{a, b, a}), Contains("twice"));
    CHECK_THROWS_WITH(optim::Adam(Tensors{Tensor()}), Contains("undefined"));
    CHECK_THROWS_AS(optim::Adam(Tensors{arange(3)}), DTypeError);
    CHECK_THROWS_AS(optim::Adam(Tensors{a * 2.0}), GraphError);
    CHECK_THROWS_WITH(optim::SGD({{.parameters = {a}, .lr = -1.0}}, {}), Contains("group"));
    CHECK_THROWS_WITH(optim::SGD({{.parameters = {a}, .lr = 1.0}}, {.lr = 0}), Contains("ratio"));
    optim::SGD optimizer(Tensors{a});
    CHECK_THROWS_AS(optimizer.set_learning_rate(-1), ValueError);
    CHECK_THROWS_AS(optimizer.set_iterations(-1), ValueError);
}

TEST_CASE("optimizers: a gradient of another type stops the step before it changes anything", "[optim]") {
    Tensor a = parameter({1}, {1}, float32), b = parameter({1}, {1}, float32);
    optim::SGD optimizer({a, b}, {.lr = 0.1});
    b.impl()->array = cast(b.data(), float64);
    CHECK_THROWS_WITH(optimizer.step(), Contains("zero_grad"));
    CHECK(a.item<float>() == 1);
    CHECK(optimizer.iterations() == 0);
}

TEST_CASE("optimizers: by name", "[optim]") {
    CHECK(optim::names() == std::vector<std::string>{"adadelta", "adagrad", "adam", "adamw", "rmsprop", "sgd"});
    CHECK(optim::make("rmsprop")->keras_class() == "RMSprop");
    CHECK(optim::make("ADAM", {{"learning_rate", 0.5}})->learning_rate() == 0.5);
    CHECK_THROWS_WITH(optim::make("adma"),
                      Contains("'adma'") && Contains("Did you mean 'adam'?") && Contains("rmsprop"));
    CHECK_THROWS_WITH(optim::make("nonsense"), !Contains("Did you mean") && Contains("Known: adadelta, adagrad"));
    CHECK_THROWS_WITH(optim::make("adam", {{"learning_rte", 0.5}}), Contains("learning_rate"));
    CHECK_THROWS_WITH(optim::make("adam", {{"amsgrad", 0.5}}), Contains("amsgrad"));
    CHECK_THROWS_WITH(optim::make("sgd", {{"learning_rate", std::monostate()}}), Contains("learning_rate"));
}
