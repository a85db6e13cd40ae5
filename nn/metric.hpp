// Metric: a number that tells how good predictions are, averaged over the samples of many batches.
#pragma once

#include <weft/autograd/tensor.hpp>
#include <weft/nn/loss.hpp>
#include <weft/nn/settings.hpp>

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace weft::nn {

class Metric {
public:
    /// By any of Keras's names for metrics or losses, in which case or underscores do not matter: "accuracy", "acc",
    /// "mse", "TopKCategoricalAccuracy". What "accuracy" and "crossentropy" mean, the shapes decide: see
    /// resolve_metric(). Throws ValueError, naming the nearest.
    Metric(const std::string& name);
    Metric(const char* name) : Metric(std::string(name)) {}
    /// A loss's values, averaged.
    Metric(const Loss& loss);
    /// A function of one's own of (y_true, y_pred), which gives a value for each sample, [batch, ...], or one number
    /// for the batch, which counts as that of each of its samples.
    template <LossFunction F>
    Metric(F function) : Metric(Loss("custom_metric", std::move(function))) {}
    template <LossFunction F>
    Metric(const std::string& name, F function) : Metric(Loss(name, std::move(function))) {}
    /// One of Keras's with options, as a model's file has it; `config` may have a "name".
    static Metric from_config(const std::string& name, const Settings& config);

    /// Under which History has it: what the user gave, "acc" as "acc".
    const std::string& name() const { return name_; }
    void set_name(const std::string& name) { name_ = name; }
    /// By which Keras finds it: "mean_squared_error", "accuracy"; "" for a function of one's own.
    const std::string& keras_name() const;
    /// "MeanSquaredError"; "" for "accuracy", "crossentropy" and functions of one's own.
    const std::string& class_name() const;
    /// k, threshold, from_logits, ..., as far as the metric has them.
    const Settings& config() const;

    /// Takes in a batch. sample_weight is [batch], or [batch, ...] as the values; where a mask (bool; by default the
    /// one that travels with y_pred) is false, a value does not count. Throws ShapeError if the shapes do not fit.
    void update(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}, const Tensor& mask = {});
    /// The mean over all samples since the last reset, weighted; 0 if there were none.
    double result() const;
    void reset();

private:
    struct Definition;
    Metric(std::shared_ptr<const Definition> definition, const std::string& name);
    friend void check_target(const Metric& metric, const Tensor& y_true, const Shape& prediction,
                             const std::string& where);

    std::shared_ptr<const Definition> definition_;
    std::string name_;
    double total_ = 0, weight_ = 0;
    std::vector<double> values_;  // of one batch; kept for its memory
};

/// What "accuracy" (or "acc", "crossentropy", "ce") means for a target and a prediction of these shapes, as Keras
/// decides: one column is binary; else a target of lower rank, or with one column, holds class labels; else it is
/// one-hot. Any other name means itself.
std::string resolve_metric(const std::string& name, const Shape& y_true, const Shape& y_pred);

/// Whether all of y_true fits the metric and a prediction of that shape (None where unknown), as for losses.
void check_target(const Metric& metric, const Tensor& y_true, const Shape& prediction, const std::string& where = "");

/// Keras's names of all metrics, aliases and losses included.
const std::vector<std::string>& metric_names();

/// A list of metrics, each with a name of its own: .metrics = {"accuracy", nn::metrics::TopKCategoricalAccuracy({.k =
/// 3})}
class Metrics {
public:
    Metrics() = default;
    Metrics(std::initializer_list<Metric> metrics) {
        for (const Metric& metric : metrics) add(metric);
    }
    template <std::convertible_to<Metric> T>
    Metrics(const std::vector<T>& metrics) {
        for (const T& metric : metrics) add(metric);
    }

    /// A name that is taken gets _1, _2, ...
    void add(Metric metric);

    bool empty() const { return metrics_.empty(); }
    std::size_t size() const { return metrics_.size(); }
    Metric& operator[](std::size_t i) { return metrics_[i]; }
    const Metric& operator[](std::size_t i) const { return metrics_[i]; }
    auto begin() { return metrics_.begin(); }
    auto end() { return metrics_.end(); }
    auto begin() const { return metrics_.begin(); }
    auto end() const { return metrics_.end(); }

    void update(const Tensor& y_true, const Tensor& y_pred, const Tensor& sample_weight = {}, const Tensor& mask = {}) {
        for (Metric& metric : metrics_) metric.update(y_true, y_pred, sample_weight, mask);
    }
    void reset() {
        for (Metric& metric : metrics_) metric.reset();
    }

private:
    std::vector<Metric> metrics_;
};

}  // namespace weft::nn
