// Learning rates that follow from the number of steps: Keras's numbers, and what an optimizer does with them.
#include "catch.hpp"
#include "fixture.hpp"
#include "optim/support.hpp"

#include <weft/optim/optim.hpp>

#include <nlohmann/json.hpp>

#include <limits>
#include <set>

using namespace weft;
using namespace weft::testing;
using nlohmann::json;

namespace {

optim::ScheduleSettings settings_of(const json& config) {
    optim::ScheduleSettings settings;
    for (const auto& [name, value] : config.items()) {
        if (value.is_boolean()) settings.emplace_back(name, value.get<bool>());
        else if (value.is_number()) settings.emplace_back(name, value.get<double>());
        else if (value.is_array()) settings.emplace_back(name, value.get<std::vector<double>>());
        else if (value.is_null()) settings.emplace_back(name, std::optional<double>());
    }
    return settings;
}

}  // namespace

TEST_CASE("schedules: rates are Keras's at every step, and so are names and defaults", "[optim]") {
    const Fixture file("schedules");
    const Values steps = file.values("steps");
    std::set<std::string> classes;
    for (const std::string& name : file.names("cases")) {
        INFO(name);
        const std::string path = "cases/" + name;
        const json config = json::parse(file.text(path, "config"));
        const optim::Schedule schedule = optim::make_schedule(file.text(path, "class"), settings_of(config));
        const Values rates = file.values(path + "/rates");
        for (std::size_t i = 0; i < steps.data.size(); ++i) {
            INFO("step " << steps.data[i]);
            CHECK(schedule(static_cast<std::int64_t>(steps.data[i])) == Approx(rates.data[i]).margin(3e-7));
        }
        CHECK(schedule.keras_class() == file.text(path, "class"));
        classes.insert(schedule.keras_class());
        CHECK(schedule.settings().size() + config.count("name") == config.size());
    }
    CHECK(classes.size() == 6);
    CHECK(optim::Schedule(optim::PolynomialDecay{.initial_learning_rate = 0.5, .decay_steps = 30})(30) == Approx(1e-4));
    CHECK(optim::Schedule(optim::CosineDecayRestarts{.initial_learning_rate = 0.5, .first_decay_steps = 10})(10) ==
          Approx(0.5));
}

TEST_CASE("schedules: an optimizer's rate follows the steps it made", "[optim]") {
    const Tensor a = parameter({1}, {1}), b = parameter({1}, {1});
    optim::SGD optimizer({{.parameters = {a}}, {.parameters = {b}, .lr = 0.05}}, {.lr = 0.5});
    optimizer.set_schedule(optim::ExponentialDecay{.initial_learning_rate = 0.1, .decay_steps = 1, .decay_rate = 0.5});
    CHECK(optimizer.learning_rate() == 0.1);
    optimizer.step();
    CHECK(a.item<double>() == Approx(0.9));
    CHECK(b.item<double>() == Approx(0.99));  // a group keeps its ratio
    optimizer.step();
    CHECK(a.item<double>() == Approx(0.85));
    CHECK(optimizer.learning_rate() == Approx(0.025));
    CHECK_THROWS_AS(optimizer.set_learning_rate(0.1), ValueError);
    const auto fresh = optimizer.fresh({a});
    REQUIRE(fresh->schedule());
    CHECK(fresh->learning_rate() == 0.1);
    fresh->set_iterations(2);
    CHECK(fresh->learning_rate() == Approx(0.025));
}

TEST_CASE("schedules: bad settings, and rates that are none", "[optim]") {
    CHECK_THROWS_AS(optim::Schedule(optim::ExponentialDecay{.decay_steps = 0}), ValueError);
    CHECK_THROWS_AS(optim::Schedule(optim::CosineDecay{.decay_steps = -1}), ValueError);
    CHECK_THROWS_AS(optim::Schedule(optim::PiecewiseConstantDecay{.boundaries = {1, 2}, .values = {0.1, 0.2}}),
                    ValueError);
    CHECK_THROWS_AS(optim::Schedule(optim::PiecewiseConstantDecay{.boundaries = {2, 1}, .values = {0.1, 0.2, 0.3}}),
                    ValueError);
    CHECK_THROWS_AS(optim::make_schedule("ExponentialDecai", {}), ValueError);
    CHECK_THROWS_AS(optim::make_schedule("ExponentialDecay", {{"decay", 1.0}}), ValueError);
    CHECK_THROWS_AS(optim::make_schedule("ExponentialDecay", {{"decay_steps", true}}), ValueError);
    const Tensor a = parameter({1}, {1});
    optim::SGD optimizer({a}, {});
    CHECK_THROWS_AS(optimizer.set_schedule(optim::ExponentialDecay{.initial_learning_rate = -1}), ValueError);
    CHECK_FALSE(optimizer.schedule());
    optimizer.set_schedule(
        optim::PiecewiseConstantDecay{.boundaries = {0}, .values = {0.1, std::numeric_limits<double>::quiet_NaN()}});
    optimizer.step();
    const double before = a.item<double>();
    CHECK_THROWS_AS(optimizer.step(), ValueError);
    CHECK(a.item<double>() == before);
}
