// Every optimizer follows Keras's, step by step.
#include "catch.hpp"
#include "fixture.hpp"
#include "optim/support.hpp"

#include <weft/optim/optim.hpp>

#include <nlohmann/json.hpp>

#include <set>

using namespace weft;
using namespace weft::testing;
using nlohmann::json;

namespace {

optim::Settings settings_of(const json& arguments) {
    optim::Settings settings;
    for (const auto& [name, value] : arguments.items()) {
        if (value.is_boolean()) settings.emplace_back(name, value.get<bool>());
        else if (value.is_number()) settings.emplace_back(name, value.get<double>());
        else settings.emplace_back(name, std::monostate());
    }
    return settings;
}

Tensor read(const Values& values, DType dtype) { return tensor(values.data, Shape(values.shape), dtype); }

}  // namespace

TEST_CASE("optimizers: ten steps of each of Keras's cases", "[optim]") {
    const Fixture file("optimizers");
    const DType dtype = GENERATE(float32, float64);
    const std::vector<Values> start = file.list("start"), gradients = file.list("gradients");
    std::set<std::string> classes;
    for (const std::string& name : file.names("cases")) {
        const std::string path = "cases/" + name;
        classes.insert(file.text(path, "class"));
        const auto configured =
            optim::make(file.text(path, "class"), settings_of(json::parse(file.text(path, "arguments"))));
        Tensors parameters;
        for (const Values& values : start) parameters.push_back(read(values, dtype).set_requires_grad());
        const auto optimizer = configured->fresh(parameters);
        const std::vector<Values> expected = file.list(path + "/parameters");
        REQUIRE(expected.size() == parameters.size());
        for (std::int64_t step = 0; step < 10; ++step) {
            for (std::size_t i = 0; i < parameters.size(); ++i)
                parameters[i].set_grad(select(read(gradients[i], dtype), 0, step));
            optimizer->step();
            for (std::size_t i = 0; i < parameters.size(); ++i) {
                INFO(name << ", step " << step << ", parameter " << i);
                CHECK(difference(doubles(parameters[i]), doubles(select(read(expected[i], float64), 0, step))) < 1e-6);
            }
        }
    }
    CHECK(classes == std::set<std::string>{"Adadelta", "Adagrad", "Adam", "AdamW", "RMSprop", "SGD"});
}

TEST_CASE("optimizers: the defaults and names of options are Keras's", "[optim]") {
    const Fixture file("optimizers");
    for (const std::string& name : file.names("cases")) {
        const std::string path = "cases/" + name;
        const json config = json::parse(file.text(path, "config"));
        const auto made = optim::make(file.text(path, "class"), settings_of(json::parse(file.text(path, "arguments"))));
        CHECK(made->keras_class() == file.text(path, "class"));
        for (const auto& [option, value] : made->settings()) {
            INFO(name << ", " << option);
            REQUIRE(config.contains(option));
            if (std::holds_alternative<std::monostate>(value)) CHECK(config[option].is_null());
            else if (std::holds_alternative<bool>(value)) CHECK(config[option] == std::get<bool>(value));
            else CHECK(config[option].get<double>() == Approx(std::get<double>(value)).epsilon(1e-6));
        }
    }
}
