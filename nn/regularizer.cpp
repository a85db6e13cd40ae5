#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/nn/described.hpp>
#include <weft/nn/regularizer.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace weft::nn {

using nlohmann::json;

struct Regularizer::Rule {
    Penalty penalty;
    json config;
};

namespace {

void check_factor(double factor, const char* what) {
    if (!(factor >= 0 && std::isfinite(factor)))
        throw ValueError(fmt::format("{}: the factor must not be negative; received {}", what, factor));
}

// All in the class that every version of Keras reads.
json l1_l2_config(double l1, double l2) { return {{"class_name", "L1L2"}, {"config", {{"l1", l1}, {"l2", l2}}}}; }

const std::vector<DescribedRow<Regularizer>>& table() {
    static const std::vector<DescribedRow<Regularizer>> rows{
        {{"l1"}, [](const Described& d) { return regularizers::l1(d.number({"l1"}, 0.01)); }},
        {{"l2"}, [](const Described& d) { return regularizers::l2(d.number({"l2"}, 0.01)); }},
        // Keras 1 called it by the two other names.
        {{"l1_l2", "WeightRegularizer", "L1L2Regularizer"},
         [](const Described& d) { return regularizers::l1_l2(d.number({"l1"}, 0), d.number({"l2"}, 0)); }},
        {{"orthogonal_regularizer", "orthogonal"},
         [](const Described& d) {
             return regularizers::orthogonal(d.number({"factor"}, 0.01), d.word("mode", "rows"));
         }},
    };
    return rows;
}

}  // namespace

Regularizer::Regularizer(const std::string& name) : Regularizer(from_config(name)) {}

Regularizer::Regularizer(Penalty penalty, const json& config)
    : rule_(std::make_shared<Rule>(Rule{std::move(penalty), config})) {}

std::shared_ptr<const Regularizer::Rule> Regularizer::own(Penalty penalty) {
    return std::make_shared<Rule>(Rule{std::move(penalty), nullptr});
}

Regularizer Regularizer::from_config(const json& config) {
    return config.is_null() ? Regularizer() : make_described(Described(config, "regularizer"), table());
}

Tensor Regularizer::operator()(const Tensor& x) const {
    if (!rule_) throw ValueError("regularizer: there is none to apply");
    const Tensor penalty = rule_->penalty(x);
    if (penalty.elements() != 1)
        throw ShapeError(fmt::format("regularizer: it must give a single number; it gave {}", describe(penalty)));
    return penalty.reshape({});
}

json Regularizer::config() const { return rule_ ? rule_->config : json(); }

namespace regularizers {

Regularizer l1(double l1) {
    check_factor(l1, "l1");
    return {[l1](const Tensor& x) { return l1 * sum(abs(x)); }, l1_l2_config(l1, 0)};
}

Regularizer l2(double l2) {
    check_factor(l2, "l2");
    return {[l2](const Tensor& x) { return l2 * sum(square(x)); }, l1_l2_config(0, l2)};
}

Regularizer l1_l2(double l1, double l2) {
    check_factor(l1, "l1_l2");
    check_factor(l2, "l1_l2");
    return {[l1, l2](const Tensor& x) { return l1 * sum(abs(x)) + l2 * sum(square(x)); }, l1_l2_config(l1, l2)};
}

Regularizer orthogonal(double factor, const std::string& mode) {
    check_factor(factor, "orthogonal");
    if (mode != "rows" && mode != "columns")
        throw ValueError(fmt::format("orthogonal: the mode must be \"rows\" or \"columns\"; received \"{}\"", mode));
    const bool rows = mode == "rows";
    return {[factor, rows](const Tensor& x) {
                if (x.rank() != 2)
                    throw ShapeError(fmt::format("orthogonal: the weight must be a matrix; received {}", describe(x)));
                constexpr double least = 1e-14;  // of a squared length
                const Tensor unit = x * rsqrt(maximum(sum(square(x), {rows ? 1 : 0}, true), least));
                const std::int64_t n = x.shape(rows ? 0 : 1);
                const Tensor cosines =
                    (rows ? matmul(unit, transpose(unit)) : matmul(transpose(unit), unit)) * (1 - eye(n, x.dtype()));
                // Each pair stands in the product twice.
                return factor / static_cast<double>(std::max<std::int64_t>(n * (n - 1), 1)) * sum(abs(cosines));
            },
            {{"class_name", "OrthogonalRegularizer"}, {"config", {{"factor", factor}, {"mode", mode}}}}};
}

}  // namespace regularizers
}  // namespace weft::nn
