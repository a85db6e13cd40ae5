#include "op_table.hpp"

#include <weft/autograd/ops/elementwise.hpp>

#include <algorithm>
#include <cmath>

namespace weft::testing {

std::vector<OpRow> elementwise_rows() {
    std::vector<OpRow> rows{
        elementwise_row("exp", exp, [](double x) { return std::exp(x); }, {-3, 3}),
        elementwise_row("expm1", expm1, [](double x) { return std::expm1(x); }, {-2, 2}),
        elementwise_row("log", log, [](double x) { return std::log(x); }, {0.2, 5}),
        elementwise_row("log1p", log1p, [](double x) { return std::log1p(x); }, {-0.7, 4}),
        elementwise_row("sqrt", sqrt, [](double x) { return std::sqrt(x); }, {0.2, 5}),
        elementwise_row("rsqrt", rsqrt, [](double x) { return 1 / std::sqrt(x); }, {0.3, 5}),
        elementwise_row("reciprocal", reciprocal, [](double x) { return 1 / x; }, {0.4, 3}),
        elementwise_row("square", square, [](double x) { return x * x; }, {-3, 3}),
        elementwise_row("abs", abs, [](double x) { return std::abs(x); }, {-2, 2, {0}}),
        elementwise_row("sign", sign, [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; }, {-2, 2, {0}}),
        elementwise_row("sin", sin, [](double x) { return std::sin(x); }, {-4, 4}),
        elementwise_row("cos", cos, [](double x) { return std::cos(x); }, {-4, 4}),
        elementwise_row("erf", erf, [](double x) { return std::erf(x); }, {-3, 3}),
        elementwise_row("floor", floor, [](double x) { return std::floor(x); }, {-2.5, 2.5, {-2, -1, 0, 1, 2}}),
        elementwise_row("round", round, [](double x) { return std::nearbyint(x); }, {-2, 2, {-1.5, -0.5, 0.5, 1.5}}),
        elementwise_row("clip", [](const Tensor& x) { return clip(x, -0.5, 1); },
                        [](double x) { return std::clamp(x, -0.5, 1.0); }, {-2, 2, {-0.5, 1}}),
    };
    return rows;
}

}  // namespace weft::testing
