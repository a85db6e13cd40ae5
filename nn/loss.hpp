// Loss: what compile is given, by a Keras name, as an object with options, or as a function of one's own.
#pragma once

#include <weft/autograd/tensor.hpp>
#include <weft/nn/settings.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace weft::nn {

class Loss;
class Metric;

/// A function of (y_true, y_pred) that gives a value for each sample, [batch, ...], or one number.
template <class F>
concept LossFunction = !std::same_as<std::remove_cvref_t<F>, Loss> && !std::same_as<std::remove_cvref_t<F>, Metric> &&
                       std::is_invocable_r_v<Tensor, F&, const Tensor&, const Tensor&>;

class Loss {
public:
    using Function = std::function<Tensor(const Tensor& y_true, const Tensor& y_pred)>;

    /// None at all.
    Loss() = default;
    /// By any of Keras's names: "mse", "mean_squared_error", "MeanSquaredError". Throws ValueError, naming the nearest.
    Loss(const std::string& name);
    Loss(const char* name) : Loss(std::string(name)) {}
    /// A function of one's own.
    template <LossFunction F>
    Loss(F function) : Loss("custom_loss", std::move(function)) {}
    template <LossFunction F>
    Loss(const std::string& name, F function) : Loss(name, Function(std::move(function))) {}
    Loss(const std::string& name, Function function);
    /// One of Keras's with options, as a model's file has it. Keys of `config` that the loss does not know are ignored.
    static Loss from_config(const std::string& name, const Settings& config);

    bool defined() const { return definition_ != nullptr; }
    /// Keras's own: "mean_squared_error" for "mse"; of an object or a function, the name it was given.
    const std::string& name() const;
    /// "mean_squared_error", by which Keras finds the function; "" for a function of one's own.
    const std::string& keras_name() const;
    /// "MeanSquaredError"; "" for a function of one's own.
    const std::string& class_name() const;
    /// from_logits, label_smoothing, delta, ignore_class and reduction, as far as the loss has them.
    const Settings& config() const;

    /// A value for each sample: y_pred's shape without the last axis. Integer targets, and targets of another float
    /// type, are converted to y_pred's; a target may lack a last axis of 1; a single number stands for every element.
    /// The cross-entropies use the logits that a softmax or sigmoid remembers, so they are stable for any. Throws
    /// ShapeError if target and prediction do not fit, ValueError for a label out of range.
    Tensor per_sample(const Tensor& y_true, const Tensor& y_pred) const;

    /// The mean of value * weight over all values, not divided by the sum of the weights. sample_weight is [batch], or
    /// [batch, ...] as the values. Where a mask (bool; by default the one that travels with y_pred) is false, a value
    /// does not count: the mean is over the others.
    Tensor operator()(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {},
                      const Tensor& mask = {}) const;

private:
    struct Definition;
    friend void check_target(const Loss& loss, const Tensor& y_true, const Shape& prediction, const std::string& where);

    const Definition& definition() const;
    std::shared_ptr<const Definition> definition_;
};

/// Whether all of y_true fits the loss and a prediction of that shape (None where unknown): what `fit` asks before the
/// first step. Throws ShapeError or ValueError that begin with `where`, by default the loss's name. A function of one's
/// own takes anything.
void check_target(const Loss& loss, const Tensor& y_true, const Shape& prediction, const std::string& where = "");

/// Keras's names of all losses, aliases included.
const std::vector<std::string>& loss_names();

}  // namespace weft::nn
