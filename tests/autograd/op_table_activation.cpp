#include "op_table.hpp"

#include <weft/autograd/ops/activation.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace weft::testing {
namespace {

double sigma(double x) { return 1 / (1 + std::exp(-x)); }
double gaussian(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double six(double x) { return std::clamp(x, 0.0, 6.0); }
double gelu_by_tanh(double x) {
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

// gelu has two forms, and both belong into its row.
OpRow gelu_row() {
    OpRow row = elementwise_row(
        "gelu", [](const Tensor& x) { return gelu(x); }, [](double x) { return x * gaussian(x); }, {-4, 4});
    OpRow approximate = elementwise_row("gelu", [](const Tensor& x) { return gelu(x, true); }, gelu_by_tanh, {-4, 4});
    row.cases.insert(row.cases.end(), approximate.cases.begin(), approximate.cases.end());
    return row;
}

}  // namespace

std::vector<OpRow> activation_rows() {
    return {
        elementwise_row("relu", relu, [](double x) { return std::max(x, 0.0); }, {-2, 2, {0}}),
        elementwise_row(
            "leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.3); },
            [](double x) { return x > 0 ? x : 0.3 * x; }, {-2, 2, {0}}),
        elementwise_row("relu6", relu6, six, {-3, 9, {0, 6}}),
        elementwise_row(
            "elu", [](const Tensor& x) { return elu(x, 0.7); },
            [](double x) { return x > 0 ? x : 0.7 * std::expm1(x); }, {-3, 3, {0}}),
        elementwise_row("selu", selu,
                        [](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); },
                        {-3, 3, {0}}),
        gelu_row(),
        elementwise_row("sigmoid", sigmoid, sigma, {-6, 6}),
        elementwise_row("hard_sigmoid", hard_sigmoid, [](double x) { return six(x + 3) / 6; }, {-5, 5, {-3, 3}}),
        elementwise_row("log_sigmoid", log_sigmoid, [](double x) { return -std::log1p(std::exp(-x)); }, {-6, 6}),
        elementwise_row("tanh", tanh, [](double x) { return std::tanh(x); }, {-3, 3}),
        elementwise_row("softplus", softplus, [](double x) { return std::log1p(std::exp(x)); }, {-6, 6}),
        elementwise_row("softsign", softsign, [](double x) { return x / (1 + std::abs(x)); }, {-3, 3, {0}}),
        elementwise_row("silu", silu, [](double x) { return x * sigma(x); }, {-6, 6}),
        elementwise_row("hard_silu", hard_silu, [](double x) { return x * six(x + 3) / 6; }, {-5, 5, {-3, 3}}),
        elementwise_row("mish", mish, [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }, {-6, 6}),
        broadcasting_row("relu_gradient", relu_gradient, [](double dy, double y) { return y > 0 ? dy : 0; }, {-2, 2},
                         {-2, 2, {0}}),
        broadcasting_row("tanh_gradient", tanh_gradient, [](double dy, double y) { return dy * (1 - y * y); }, {-2, 2},
                         {-1, 1}),
        broadcasting_row("sigmoid_gradient", sigmoid_gradient, [](double dy, double y) { return dy * y * (1 - y); },
                         {-2, 2}, {0, 1}),
    };
}

}  // namespace weft::testing
