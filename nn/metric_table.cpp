#include <weft/autograd/ops/reduce.hpp>
#include <weft/nn/loss_table.hpp>
#include <weft/nn/metric_table.hpp>

#include <cmath>

namespace weft::nn {
namespace {

void write(const Tensor& x, double* values) {
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        for (T value : x.values<T>()) *values++ = value;
    });
}

void mean_squared_error(const Tensor& y_true, const Tensor& y_pred, const Settings& config, double* values) {
    write(mean(formulas::squared_error(y_true, y_pred, config), {-1}), values);
}

// As a metric it is the cosine itself, larger if better; as a loss, minus that.
void cosine(const Tensor& y_true, const Tensor& y_pred, const Settings& config, double* values) {
    write(-formulas::cosine_similarity(y_true, y_pred, config), values);
}

double root(double mean) { return std::sqrt(mean); }

}  // namespace

const std::vector<MetricRow>& metric_table() {
    using namespace formulas;
    using enum TargetKind;
    static const std::vector<MetricRow> table{
        {"binary_accuracy", "BinaryAccuracy", {}, values, binary_accuracy, {{"threshold", 0.5}}},
        {"categorical_accuracy", "CategoricalAccuracy", {}, probabilities, categorical_accuracy, {}},
        {"sparse_categorical_accuracy", "SparseCategoricalAccuracy", {}, labels, sparse_categorical_accuracy, {}},
        {"top_k_categorical_accuracy",
         "TopKCategoricalAccuracy",
         {},
         probabilities,
         top_k_categorical_accuracy,
         {{"k", 5}}},
        {"sparse_top_k_categorical_accuracy",
         "SparseTopKCategoricalAccuracy",
         {},
         labels,
         sparse_top_k_categorical_accuracy,
         {{"k", 5}}},
        {"root_mean_squared_error", "RootMeanSquaredError", {"rmse"}, values, mean_squared_error, {}, root},
        {"cosine_similarity", "CosineSimilarity", {"cosine_proximity"}, values, cosine, {}},
    };
    return table;
}

const std::vector<ByShapes>& metrics_by_shapes() {
    static const std::vector<ByShapes> table{
        {"accuracy", "acc", "binary_accuracy", "sparse_categorical_accuracy", "categorical_accuracy"},
        {"crossentropy", "ce", "binary_crossentropy", "sparse_categorical_crossentropy", "categorical_crossentropy"},
    };
    return table;
}

}  // namespace weft::nn
