#include <weft/nn/metrics.hpp>

#include <fmt/core.h>

namespace weft::nn::metrics {
namespace {

Metric top_k(const char* name, const TopKOptions& options) {
    if (options.k < 1) throw ValueError(fmt::format("{}: k must be at least 1; received {}", name, options.k));
    return Metric::from_config(name, {{"k", options.k}, {"name", options.name}});
}

}  // namespace

Metric CategoricalAccuracy(const Options& options) {
    return Metric::from_config("categorical_accuracy", {{"name", options.name}});
}
Metric SparseCategoricalAccuracy(const Options& options) {
    return Metric::from_config("sparse_categorical_accuracy", {{"name", options.name}});
}
Metric MeanSquaredError(const Options& options) {
    return Metric::from_config("mean_squared_error", {{"name", options.name}});
}
Metric MeanAbsoluteError(const Options& options) {
    return Metric::from_config("mean_absolute_error", {{"name", options.name}});
}
Metric RootMeanSquaredError(const Options& options) {
    return Metric::from_config("root_mean_squared_error", {{"name", options.name}});
}
Metric CosineSimilarity(const Options& options) {
    return Metric::from_config("cosine_similarity", {{"name", options.name}});
}

Metric BinaryAccuracy(const BinaryAccuracyOptions& options) {
    return Metric::from_config("binary_accuracy", {{"threshold", options.threshold}, {"name", options.name}});
}

Metric TopKCategoricalAccuracy(const TopKOptions& options) { return top_k("top_k_categorical_accuracy", options); }
Metric SparseTopKCategoricalAccuracy(const TopKOptions& options) {
    return top_k("sparse_top_k_categorical_accuracy", options);
}

}  // namespace weft::nn::metrics
