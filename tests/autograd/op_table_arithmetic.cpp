#include "op_table.hpp"

#include <weft/autograd/ops/arithmetic.hpp>

#include <algorithm>
#include <cmath>

namespace weft::testing {

std::vector<OpRow> arithmetic_rows() {
    OpRow power = broadcasting_row("pow", pow, [](double a, double b) { return std::pow(a, b); }, {0.3, 3}, {-2, 3});
    // A plain exponent, below 0 and above, on bases of both signs.
    for (double exponent : {-2.0, -1.0, 0.0, 1.0, 2.0, 3.0})
        power.cases.push_back(one(
            [exponent](const Tensors& x) { return pow(x[0], exponent); }, {spread({2, 5}, -2, 2, 9, {0, 0.2, -0.2})},
            [exponent](const Plains& x) {
                return generate(x[0].shape, [&](const Index& i) { return std::pow(x[0].at(i), exponent); });
            }));
    // The kinks of minimum and maximum lie where a and b are equal, which no two of these values are.
    return {
        broadcasting_row("add", add, [](double a, double b) { return a + b; }, {-2, 2}, {-3, 3}),
        broadcasting_row("subtract", subtract, [](double a, double b) { return a - b; }, {-2, 2}, {-3, 3}),
        broadcasting_row("multiply", multiply, [](double a, double b) { return a * b; }, {-2, 2}, {-3, 3}),
        broadcasting_row("divide", divide, [](double a, double b) { return a / b; }, {-2, 2}, {0.5, 3}),
        elementwise_row("negative", negative, [](double x) { return -x; }, {-2, 2}),
        power,
        broadcasting_row("minimum", minimum, [](double a, double b) { return std::min(a, b); }, {-2, 2}, {-2, 2}),
        broadcasting_row("maximum", maximum, [](double a, double b) { return std::max(a, b); }, {-2, 2}, {-2, 2}),
    };
}

}  // namespace weft::testing
