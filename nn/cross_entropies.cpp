// Losses between distributions. Formulas as Keras 3 has them; epsilon is Keras's. A prediction that remembers its
// logits is not clipped: the cross-entropy is computed from them.
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/softmax.hpp>
#include <weft/nn/loss_table.hpp>
#include <weft/nn/mask.hpp>

namespace weft::nn::formulas {
namespace {

constexpr double epsilon = 1e-7;
using Link = weft::detail::Companions::Link;

// Undefined if there are only probabilities.
Tensor logits_of(const Tensor& y_pred, Link link, const Settings& config) {
    const Tensor remembered = remembered_logits(y_pred, link);
    return !remembered.defined() && config.get<bool>("from_logits") ? y_pred : remembered;
}

// (1 - s) of the target, and s shared out equally among so many outcomes.
Tensor smoothed(const Tensor& y_true, std::int64_t outcomes, const Settings& config) {
    const double s = config.get<double>("label_smoothing");
    return s == 0 ? y_true : y_true * (1 - s) + s / static_cast<double>(outcomes);
}

Tensor normalized(const Tensor& y_pred) { return y_pred / sum(y_pred, {-1}, true); }
Tensor clipped(const Tensor& q) { return clip(q, epsilon, 1 - epsilon); }

// x[..., labels[...]]
Tensor at_labels(const Tensor& x, const Tensor& labels) {
    Array positions(labels.shape(), int64);
    const auto values = labels.values<std::int64_t>();
    for (std::size_t row = 0; row < values.size(); ++row)
        positions.data<std::int64_t>()[row] = static_cast<std::int64_t>(row) * x.shape().back() + values[row];
    return gather(x.reshape({-1}), Tensor(std::move(positions)));
}

Tensor sparse_values(const Tensor& labels, const Tensor& y_pred, const Settings& config) {
    const Tensor logits = logits_of(y_pred, Link::softmax, config);
    if (logits.defined()) return sparse_softmax_cross_entropy(labels, logits);
    return -log(clipped(at_labels(normalized(y_pred), labels)));
}

}  // namespace

Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, const Settings& config) {
    const Tensor target = smoothed(y_true, 2, config), logits = logits_of(y_pred, Link::sigmoid, config);
    if (logits.defined()) return sigmoid_cross_entropy(target, logits);
    const Tensor q = clipped(y_pred);
    return -(target * log(q) + (1 - target) * log(1 - q));
}

Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, const Settings& config) {
    const Tensor target = smoothed(y_true, y_pred.shape().back(), config),
                 logits = logits_of(y_pred, Link::softmax, config);
    if (logits.defined()) return softmax_cross_entropy(target, logits);
    return -sum(target * log(clipped(normalized(y_pred))), {-1});
}

Tensor sparse_categorical_crossentropy(const Tensor& labels, const Tensor& y_pred, const Settings& config) {
    const auto ignored = ignored_class(config);
    if (!ignored) return sparse_values(labels, y_pred, config);
    const Tensor counts = not_equal(labels, *ignored);
    Array allowed = labels.data().copy();
    for (std::int64_t i = 0; i < allowed.elements(); ++i)
        if (auto& label = allowed.data<std::int64_t>()[i]; label == *ignored) label = 0;
    Tensor values = where(counts, sparse_values(Tensor(std::move(allowed)), y_pred, config), 0);
    set_mask(values, counts);
    return values;
}

Tensor kl_divergence(const Tensor& y_true, const Tensor& y_pred, const Settings&) {
    const Tensor t = clip(y_true, epsilon, 1), q = clip(y_pred, epsilon, 1);
    return sum(t * log(t / q), {-1});
}

}  // namespace weft::nn::formulas
