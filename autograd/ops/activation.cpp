#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/ops/softmax.hpp>
#include <weft/autograd/record.hpp>

#include <cmath>
#include <numbers>

namespace weft {

using kernels::Elementwise;

Tensor relu_gradient(const Tensor& dy, const Tensor& y) {
    return record(zip(dy, y, &Elementwise::relu_gradient, "relu_gradient"), {dy, y},
                  [y = save(y)](const Tensor& g) { return relu_gradient(g, y); },
                  [](const Tensor&) { return Tensor(); });
}

Tensor tanh_gradient(const Tensor& dy, const Tensor& y) {
    return record(zip(dy, y, &Elementwise::tanh_gradient, "tanh_gradient"), {dy, y},
                  [y = save(y)](const Tensor& g) { return tanh_gradient(g, y); },
                  [dy = save(dy), y = save(y)](const Tensor& g) { return g * dy.get() * y.get() * -2; });
}

Tensor sigmoid_gradient(const Tensor& dy, const Tensor& y) {
    return record(zip(dy, y, &Elementwise::sigmoid_gradient, "sigmoid_gradient"), {dy, y},
                  [y = save(y)](const Tensor& g) { return sigmoid_gradient(g, y); },
                  [dy = save(dy), y = save(y)](const Tensor& g) { return g * dy.get() * (1 - 2 * y.get()); });
}

Tensor relu(const Tensor& x) {
    return record(map(x, &Elementwise::relu, "relu"), {x},
                  [](const Tensor& y, const Tensor& dy) { return relu_gradient(dy, y); });
}

Tensor leaky_relu(const Tensor& x, double negative_slope) {
    require_floating(x, "leaky_relu");
    return where(greater(x, 0), x, x * negative_slope);
}

Tensor relu6(const Tensor& x) {
    require_floating(x, "relu6");
    return minimum(relu(x), 6);
}

Tensor elu(const Tensor& x, double alpha) {
    // The argument that is 0 on the other branch keeps that one from growing to infinity, and its gradient from NaN.
    require_floating(x, "elu");
    const Tensor positive = greater(x, 0);
    return where(positive, x, alpha * expm1(where(positive, 0, x)));
}

Tensor selu(const Tensor& x) {
    constexpr double scale = 1.05070098735548049342, alpha = 1.67326324235437728481;
    return scale * elu(x, alpha);
}

Tensor gelu(const Tensor& x, bool approximate) {
    if (approximate) {
        return record(map(x, &Elementwise::gelu_tanh, "gelu"), {x}, [x = save(x)](const Tensor& dy) {
            const double c = std::sqrt(2 * std::numbers::inv_pi);
            const Tensor v = x, t = tanh(c * (v + 0.044715 * v * v * v));
            return dy * (0.5 * (1 + t) + 0.5 * v * (1 - t * t) * c * (1 + 3 * 0.044715 * v * v));
        });
    }
    return record(map(x, &Elementwise::gelu, "gelu"), {x}, [x = save(x)](const Tensor& dy) {
        const Tensor v = x;
        const double density = std::numbers::inv_sqrtpi / std::numbers::sqrt2;  // 1 / sqrt(2 pi)
        return dy * (0.5 * (1 + erf(v * (1 / std::numbers::sqrt2))) + v * exp(-0.5 * v * v) * density);
    });
}

Tensor sigmoid(const Tensor& x) {
    Tensor result = record(map(x, &Elementwise::sigmoid, "sigmoid"), {x},
                           [](const Tensor& y, const Tensor& dy) { return sigmoid_gradient(dy, y); });
    remember_logits(result, x, detail::Companions::Link::sigmoid);
    return result;
}

Tensor hard_sigmoid(const Tensor& x) { return relu6(x + 3) * (1.0 / 6); }

Tensor log_sigmoid(const Tensor& x) { return -softplus(-x); }

Tensor tanh(const Tensor& x) {
    return record(map(x, &Elementwise::tanh, "tanh"), {x},
                  [](const Tensor& y, const Tensor& dy) { return tanh_gradient(dy, y); });
}

Tensor softplus(const Tensor& x) {
    return record(map(x, &Elementwise::softplus, "softplus"), {x},
                  [x = save(x)](const Tensor& dy) { return dy * sigmoid(x); });
}

Tensor softsign(const Tensor& x) { return x / (1 + abs(x)); }

Tensor silu(const Tensor& x) { return x * sigmoid(x); }

Tensor hard_silu(const Tensor& x) { return x * hard_sigmoid(x); }

Tensor mish(const Tensor& x) { return x * tanh(softplus(x)); }

}  // namespace weft
