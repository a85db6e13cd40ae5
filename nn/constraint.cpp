#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/nn/constraint.hpp>
#include <weft/nn/described.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

using nlohmann::json;

struct Constraint::Rule {
    Projection projection;
    json config;
};

namespace {

const std::vector<DescribedRow<Constraint>>& table() {
    static const std::vector<DescribedRow<Constraint>> rows{
        {{"max_norm"},
         [](const Described& d) {
             return constraints::max_norm(d.number({"max_value", "m"}, 2), d.axes("axis", 0));
         }},
        {{"non_neg"}, [](const Described&) { return constraints::non_neg(); }},
        {{"unit_norm"}, [](const Described& d) { return constraints::unit_norm(d.axes("axis", 0)); }},
        {{"min_max_norm"},
         [](const Described& d) {
             return constraints::min_max_norm(d.number({"min_value", "low"}, 0), d.number({"max_value", "high"}, 1),
                                              d.number({"rate"}, 1), d.axes("axis", 0));
         }},
    };
    return rows;
}

Tensor norm(const Tensor& w, const std::vector<std::int64_t>& axis) { return sqrt(sum(square(w), axis, true)); }

constexpr double epsilon = 1e-7;

json described(const char* class_name, json settings, const std::vector<std::int64_t>& axis) {
    settings["axis"] = axis.size() == 1 ? json(axis[0]) : json(axis);
    return {{"class_name", class_name}, {"config", std::move(settings)}};
}

}  // namespace

Constraint::Constraint(const std::string& name) : Constraint(from_config(name)) {}

Constraint::Constraint(Projection projection, const json& config)
    : rule_(std::make_shared<Rule>(Rule{std::move(projection), config})) {}

std::shared_ptr<const Constraint::Rule> Constraint::own(Projection projection) {
    return std::make_shared<Rule>(Rule{std::move(projection), nullptr});
}

Constraint Constraint::from_config(const json& config) {
    return config.is_null() ? Constraint() : make_described(Described(config, "constraint"), table());
}

Tensor Constraint::operator()(const Tensor& weight) const {
    if (!rule_) throw ValueError("constraint: there is none to apply");
    const Tensor projected = rule_->projection(weight);
    if (projected.shape() != weight.shape() || projected.dtype() != weight.dtype())
        throw ShapeError(
            fmt::format("constraint: of {} it must give as much; it gave {}", describe(weight), describe(projected)));
    return projected;
}

json Constraint::config() const { return rule_ ? rule_->config : json(); }

namespace constraints {

Constraint max_norm(double max_value, const std::vector<std::int64_t>& axis) {
    if (!(max_value >= 0))
        throw ValueError(fmt::format("max_norm: max_value must not be negative; received {}", max_value));
    return {[=](const Tensor& w) {
                const Tensor length = norm(w, axis);
                return w * (minimum(length, max_value) / (length + epsilon));
            },
            described("MaxNorm", {{"max_value", max_value}}, axis)};
}

Constraint non_neg() {
    return {[](const Tensor& w) { return maximum(w, 0); }, {{"class_name", "NonNeg"}, {"config", json::object()}}};
}

Constraint unit_norm(const std::vector<std::int64_t>& axis) {
    return {[=](const Tensor& w) { return w / (norm(w, axis) + epsilon); },
            described("UnitNorm", json::object(), axis)};
}

Constraint min_max_norm(double min_value, double max_value, double rate, const std::vector<std::int64_t>& axis) {
    if (!(min_value >= 0 && min_value <= max_value && rate >= 0 && rate <= 1))
        throw ValueError(fmt::format(
            "min_max_norm: 0 <= min_value <= max_value and 0 <= rate <= 1 must hold; received {}, {} and {}", min_value,
            max_value, rate));
    return {[=](const Tensor& w) {
                const Tensor length = norm(w, axis);
                return w * ((rate * clip(length, min_value, max_value) + (1 - rate) * length) / (length + epsilon));
            },
            described("MinMaxNorm", {{"min_value", min_value}, {"max_value", max_value}, {"rate", rate}}, axis)};
}

}  // namespace constraints
}  // namespace weft::nn
