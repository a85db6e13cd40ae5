#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/nn/objective.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft::nn {

Objective objective_for(const CompileOptions& options, const std::vector<std::string>& outputs) {
    const auto losses = options.loss.of_outputs(outputs, Loss(), "compile: loss");
    const auto weights = options.loss_weights.of_outputs(outputs, 1.0, "compile: loss_weights");
    const auto metrics = options.metrics.of_outputs(outputs, "compile: metrics");
    const auto weighted = options.weighted_metrics.of_outputs(outputs, "compile: weighted_metrics");
    Objective objective;
    for (std::size_t i = 0; i < outputs.size(); ++i)
        objective.push_back({outputs[i], losses[i], weights[i], metrics[i], weighted[i]});
    return objective;
}

Tensor total_loss(const Objective& objective, const Tensors& y, const Tensors& predictions, const Tensors& weights,
                  std::vector<double>& each) {
    Tensor total;
    each.clear();
    const bool several = objective.size() > 1;
    for (std::size_t i = 0; i < objective.size(); ++i) {
        const OutputObjective& output = objective[i];
        if (!output.loss.defined()) continue;
        Tensor loss = output.loss(y[i], predictions[i], weights.empty() ? Tensor() : weights[i]);
        if (several) each.push_back(loss.item<double>());
        if (output.weight != 1) loss = loss * output.weight;
        total = total.defined() ? total + loss : loss;
    }
    return total;
}

Averages::Averages(const Objective& objective) : outputs_(objective) {
    for (OutputObjective& output : outputs_) {
        output.metrics.reset();
        output.weighted_metrics.reset();
    }
}

void Averages::add(double n, double loss, const std::vector<double>& each, const Tensors& y, const Tensors& predictions,
                   const Tensors& weights) {
    samples_ += n;
    loss_ += loss * n;
    each_.resize(each.size());
    for (std::size_t i = 0; i < each.size(); ++i) each_[i] += each[i] * n;
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
        outputs_[i].metrics.update(y[i], predictions[i]);
        outputs_[i].weighted_metrics.update(y[i], predictions[i], weights.empty() ? Tensor() : weights[i]);
    }
}

void Averages::add(double n, const Logs& logs) {
    samples_ += n;
    for (const auto& [name, value] : logs.values()) {
        auto found =
            std::find_if(own_.begin(), own_.end(), [&name = name](const auto& entry) { return entry.first == name; });
        if (found == own_.end()) found = own_.insert(found, {name, 0.0});
        found->second += value * n;
    }
}

Logs Averages::logs() const {
    const double samples = samples_ > 0 ? samples_ : 1;
    Logs logs;
    if (!own_.empty()) {
        for (const auto& [name, sum] : own_) logs.set(name, sum / samples);
        return logs;
    }
    logs.set("loss", loss_ / samples);
    const bool several = outputs_.size() > 1;
    const auto prefix = [&](const OutputObjective& output) { return several ? output.name + "_" : ""; };
    if (each_.size() > 1) {  // Keras tells single losses only where there are several
        std::size_t at = 0;
        for (const OutputObjective& output : outputs_)
            if (output.loss.defined()) logs.set(output.name + "_loss", each_[at++] / samples);
    }
    for (const OutputObjective& output : outputs_)
        for (const Metric& metric : output.metrics) logs.set(prefix(output) + metric.name(), metric.result());
    for (const OutputObjective& output : outputs_)
        for (const Metric& metric : output.weighted_metrics) {  // Keras's name where both lists have one
            const std::string name = prefix(output) + metric.name();
            logs.set(logs.contains(name) ? prefix(output) + "weighted_" + metric.name() : name, metric.result());
        }
    return logs;
}

}  // namespace weft::nn
