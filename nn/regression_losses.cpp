// Losses on numbers. Formulas as Keras 3 has them; epsilon is Keras's.
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/nn/loss_table.hpp>

#include <algorithm>
#include <cmath>

namespace weft::nn::formulas {
namespace {

constexpr double epsilon = 1e-7;

// Labels 0 and 1 as -1 and 1; others, which are taken for -1 and 1 already, as they are.
Tensor signs(const Tensor& y_true) {
    const bool bits = dispatch_floating(y_true.dtype(), [&]<class T>(T) {
        const auto values = y_true.values<T>();
        return std::all_of(values.begin(), values.end(), [](T value) { return value == 0 || value == 1; });
    });
    return bits ? 2 * y_true - 1 : y_true;
}

Tensor normalized(const Tensor& x) {
    return x * rsqrt(maximum(sum(square(x), {-1}, true), epsilon * epsilon));
}

}  // namespace

Tensor squared_error(const Tensor& y_true, const Tensor& y_pred, const Settings&) { return square(y_pred - y_true); }

Tensor absolute_error(const Tensor& y_true, const Tensor& y_pred, const Settings&) { return abs(y_pred - y_true); }

Tensor absolute_percentage_error(const Tensor& y_true, const Tensor& y_pred, const Settings&) {
    return 100 * abs((y_true - y_pred) / maximum(abs(y_true), epsilon));
}

Tensor squared_logarithmic_error(const Tensor& y_true, const Tensor& y_pred, const Settings&) {
    return square(log(maximum(y_pred, epsilon) + 1) - log(maximum(y_true, epsilon) + 1));
}

Tensor huber(const Tensor& y_true, const Tensor& y_pred, const Settings& config) {
    const double delta = config.get<double>("delta");
    // With c = e cut to -delta..delta: e^2 / 2 inside, delta |e| - delta^2 / 2 outside.
    const Tensor error = y_pred - y_true, cut = clip(error, -delta, delta);
    return cut * (error - 0.5 * cut);
}

Tensor log_cosh(const Tensor& y_true, const Tensor& y_pred, const Settings&) {
    const Tensor error = y_pred - y_true;
    return error + softplus(-2 * error) - std::log(2.0);
}

Tensor poisson(const Tensor& y_true, const Tensor& y_pred, const Settings&) {
    return y_pred - y_true * log(y_pred + epsilon);
}

Tensor hinge(const Tensor& y_true, const Tensor& y_pred, const Settings&) { return relu(1 - signs(y_true) * y_pred); }

Tensor squared_hinge(const Tensor& y_true, const Tensor& y_pred, const Settings& config) {
    return square(hinge(y_true, y_pred, config));
}

Tensor cosine_similarity(const Tensor& y_true, const Tensor& y_pred, const Settings&) {
    return -sum(normalized(y_true) * normalized(y_pred), {-1});
}

Tensor categorical_hinge(const Tensor& y_true, const Tensor& y_pred, const Settings&) {
    const Tensor right = sum(y_true * y_pred, {-1}), wrong = max((1 - y_true) * y_pred, {-1});
    return relu(wrong - right + 1);
}

}  // namespace weft::nn::formulas
