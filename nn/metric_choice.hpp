// MetricChoice: the metrics that compile is given, for one output or several.
#pragma once

#include <weft/nn/metric.hpp>

#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace weft::nn {

/// For one output a list: {"accuracy", "mae"}. For several an entry for each, {"mae", {"accuracy", "mse"}}, or by their
/// names, {{"price", "mae"}, {"kind", {"accuracy", "mse"}}}.
class MetricChoice {
public:
    MetricChoice() = default;
    MetricChoice(const char* name) : text_(name) {}
    MetricChoice(const std::string& name) : text_(name) {}
    template <std::convertible_to<Metric> M>
        requires(!std::convertible_to<M, std::string>)
    MetricChoice(const M& metric) : metric_(Metric(metric)) {}
    MetricChoice(const Metrics& metrics) : list_(metrics.begin(), metrics.end()) {}
    template <std::convertible_to<Metric> M>
    MetricChoice(const std::vector<M>& metrics) : list_(metrics.begin(), metrics.end()) {}
    MetricChoice(std::initializer_list<MetricChoice> entries) : list_(entries) {}
    MetricChoice(const std::vector<MetricChoice>& entries) : list_(entries) {}

    /// The metrics of each output. Throws ValueError, beginning with `where`, for an unknown metric or output, naming
    /// the nearest, or for another number of entries than there are outputs.
    std::vector<Metrics> of_outputs(const std::vector<std::string>& outputs, const std::string& where) const;
    /// Whether no entry is a list.
    bool flat() const;

private:
    bool leaf() const { return text_ || metric_; }
    bool names_one_of(const std::vector<std::string>& outputs) const;
    void add_to(Metrics& metrics) const;

    std::optional<std::string> text_;  // a metric's name, or an output's
    std::optional<Metric> metric_;
    std::vector<MetricChoice> list_;
};

}  // namespace weft::nn
