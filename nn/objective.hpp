// What training minimises and reports: the losses and metrics of each output, and their means over an epoch.
#pragma once

#include <weft/nn/model.hpp>

#include <string>
#include <vector>

namespace weft::nn {

struct OutputObjective {
    std::string name;
    Loss loss;  ///< may be none
    double weight = 1;
    Metrics metrics, weighted_metrics;

    /// Whether a target is needed for this output.
    bool wants_target() const { return loss.defined() || !metrics.empty() || !weighted_metrics.empty(); }
};
using Objective = std::vector<OutputObjective>;

/// What compile was told, for outputs of these names. Throws ValueError for names and numbers that do not fit.
Objective objective_for(const CompileOptions& options, const std::vector<std::string>& outputs);

/// The sum of the losses, each times its weight; undefined if there is none. `each` takes the single ones, if there are
/// several. y, weights and predictions have an entry for each output; weights may be empty.
Tensor total_loss(const Objective& objective, const Tensors& y, const Tensors& predictions, const Tensors& weights,
                  std::vector<double>& each);

/// Running means over an epoch: the losses by samples, the metrics as they do it.
class Averages {
public:
    explicit Averages(const Objective& objective);
    /// A batch of n samples.
    void add(double n, double loss, const std::vector<double>& each, const Tensors& y, const Tensors& predictions,
             const Tensors& weights);
    /// What a step of one's own reports of a batch of n samples.
    void add(double n, const Logs& logs);
    Logs logs() const;

private:
    Objective outputs_;
    double samples_ = 0, loss_ = 0;
    std::vector<double> each_;
    std::vector<std::pair<std::string, double>> own_;
};

}  // namespace weft::nn
