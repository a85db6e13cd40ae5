#include <weft/autograd/gradcheck.hpp>
#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/random.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace weft {
namespace {

constexpr std::uint64_t weights_seed = 20260101;

// Fixed random weights, so that no error hides by cancelling in a plain sum.
Tensors weights_like(const Tensors& values, std::uint64_t salt) {
    Generator generator(weights_seed + salt);
    Tensors weights;
    for (const Tensor& value : values) weights.push_back(random::uniform(value.shape(), 0.5, 1.5, float64, generator));
    return weights;
}

Tensor weighted_sum(const Tensors& values, const Tensors& weights) {
    Tensor total = zeros({}, float64);
    for (std::size_t i = 0; i < values.size(); ++i) total = total + sum(values[i].to(float64) * weights[i]);
    return total;
}

Tensors copies(const Tensors& inputs) {
    Tensors leaves;
    for (const Tensor& input : inputs) {
        leaves.push_back(Tensor(input.data().copy()));
        if (input.dtype() == float64) leaves.back().set_requires_grad();
    }
    return leaves;
}

Tensors differentiable(const Tensors& inputs) {
    Tensors chosen;
    for (const Tensor& input : inputs)
        if (input.requires_grad()) chosen.push_back(input);
    return chosen;
}

// The derivatives of the weighted sum of f's results, as a function that can be differentiated again.
TensorFunction derivative(const TensorFunction& f, std::uint64_t salt) {
    return [f, salt](const Tensors& inputs) {
        const EnableGrad recording;
        const Tensors values = f(inputs);
        const Tensor total = weighted_sum(values, weights_like(values, salt));
        const Tensors wanted = differentiable(inputs);
        if (!total.requires_grad()) {
            Tensors none;
            for (const Tensor& input : wanted) none.push_back(zeros_like(input));
            return none;
        }
        Tensors gradients = grad({total}, wanted, {.create_graph = true, .allow_unused = true});
        for (std::size_t i = 0; i < gradients.size(); ++i)
            if (!gradients[i].defined()) gradients[i] = zeros_like(wanted[i]);
        return gradients;
    };
}

// Adds to the table where a derivative differs from the differences.
void compare(const Tensor& gradient, const std::vector<double>& numeric, double largest,
             const GradcheckOptions& options, int order, std::size_t input, GradcheckReport& report) {
    const std::span<const double> analytic = gradient.values<double>();
    const auto off = [&](std::size_t k) { return std::abs(analytic[k] - numeric[k]); };
    std::vector<std::size_t> wrong;
    for (std::size_t k = 0; k < numeric.size(); ++k)
        if (!(off(k) <= options.tolerance * largest)) wrong.push_back(k);
    if (wrong.empty()) return;
    report.passed = false;
    report.table +=
        fmt::format("derivative of order {} by input {}, {}: {} of {} elements differ by more than {:.3g}\n", order,
                    input, describe(gradient), wrong.size(), numeric.size(), options.tolerance * largest);
    report.table +=
        fmt::format("  {:>16} {:>24} {:>24} {:>12}\n", "position", "analytic", "central difference", "difference");
    const auto rank = [&](std::size_t k) {
        return std::isnan(off(k)) ? std::numeric_limits<double>::infinity() : off(k);
    };
    std::stable_sort(wrong.begin(), wrong.end(), [&](std::size_t a, std::size_t b) { return rank(a) > rank(b); });
    for (std::size_t n = 0; n < wrong.size() && n < options.lines; ++n) {
        const std::size_t k = wrong[n];
        report.table += fmt::format("  {:>16} {:>24.15g} {:>24.15g} {:>12.3g}\n",
                                    str(index_of(gradient.shape(), static_cast<std::int64_t>(k))), analytic[k],
                                    numeric[k], analytic[k] - numeric[k]);
    }
    if (wrong.size() > options.lines) report.table += fmt::format("  and {} more\n", wrong.size() - options.lines);
}

void check(const TensorFunction& f, const Tensors& inputs, const GradcheckOptions& options, int order,
           GradcheckReport& report) {
    const Tensors analytic = derivative(f, static_cast<std::uint64_t>(order))(copies(inputs));
    Tensors moved = copies(inputs);
    std::size_t at = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i].dtype() != float64) continue;
        const Tensor& gradient = analytic[at++];
        std::vector<double> numeric(static_cast<std::size_t>(inputs[i].elements()));
        double largest = 1;
        for (std::size_t k = 0; k < numeric.size(); ++k) {
            const auto value_at = [&](double offset) {
                double* element = moved[i].mutable_array<double>().data() + k;
                const double before = *element;
                *element = before + offset;
                const Tensors values = f(moved);
                const double total =
                    weighted_sum(values, weights_like(values, static_cast<std::uint64_t>(order))).item<double>();
                moved[i].mutable_array<double>().data()[k] = before;
                return total;
            };
            numeric[k] = (value_at(options.step) - value_at(-options.step)) / (2 * options.step);
            largest = std::max(largest, std::abs(numeric[k]));
        }
        compare(gradient, numeric, largest, options, order, i, report);
    }
    if (report.passed && order < options.order)
        check(derivative(f, static_cast<std::uint64_t>(order)), inputs, options, order + 1, report);
}

}  // namespace

GradcheckReport gradcheck(const TensorFunction& f, const Tensors& inputs, const GradcheckOptions& options) {
    if (std::none_of(inputs.begin(), inputs.end(), [](const Tensor& x) { return x.dtype() == float64; }))
        throw DTypeError(
            "gradcheck: no input is float64, and float32 is too coarse for differences. Use random::normal(shape, "
            "float64).");
    GradcheckReport report;
    check(f, inputs, options, 1, report);
    return report;
}

GradcheckReport gradgradcheck(const TensorFunction& f, const Tensors& inputs, const GradcheckOptions& options) {
    GradcheckOptions both = options;
    both.order = std::max(2, options.order);
    return gradcheck(f, inputs, both);
}

void assert_gradients(const TensorFunction& f, const Tensors& inputs, const GradcheckOptions& options) {
    const GradcheckReport report = gradcheck(f, inputs, options);
    if (!report.passed)
        throw GraphError("assert_gradients: the derivatives disagree with central differences\n" + report.table);
}

}  // namespace weft
