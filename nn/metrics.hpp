// The metrics that have options, for compile: .metrics = {"accuracy", nn::metrics::TopKCategoricalAccuracy({.k = 3})}
#pragma once

#include <weft/nn/metric.hpp>

namespace weft::nn::metrics {

struct Options {
    std::string name = "";  ///< under which History has it; by default Keras's
};
/// The share of rows whose largest score is at the target's largest entry.
Metric CategoricalAccuracy(const Options& options = {});
/// The share of rows whose largest score is at the label.
Metric SparseCategoricalAccuracy(const Options& options = {});
Metric MeanSquaredError(const Options& options = {});
Metric MeanAbsoluteError(const Options& options = {});
Metric RootMeanSquaredError(const Options& options = {});
/// The cosine of the angle between target and prediction along the last axis.
Metric CosineSimilarity(const Options& options = {});

struct BinaryAccuracyOptions {
    std::string name = "";
    double threshold = 0.5;
};
/// The share of numbers that are above the threshold where the target is 1, and not above it where it is 0.
Metric BinaryAccuracy(const BinaryAccuracyOptions& options = {});

struct TopKOptions {
    std::int64_t k = 5;
    std::string name = "";
};
/// The share of rows in which fewer than k scores are larger than the right one.
Metric TopKCategoricalAccuracy(const TopKOptions& options = {});
Metric SparseTopKCategoricalAccuracy(const TopKOptions& options = {});

}  // namespace weft::nn::metrics
