// The table of metrics that are no losses. A new metric is a function of a batch's values and one row in
// metric_table.cpp.
#pragma once

#include <weft/nn/settings.hpp>
#include <weft/nn/targets.hpp>

#include <string>
#include <vector>

namespace weft::nn {

/// Writes a value for each row of y_pred. y_true is as fitted_target() gives it.
using MetricValues = void (*)(const Tensor& y_true, const Tensor& y_pred, const Settings& config, double* values);

struct MetricRow {
    std::string name;                  ///< Keras's function, or its class in snake case
    std::string class_name;            ///< Keras's class
    std::vector<std::string> aliases;  ///< besides both of these
    TargetKind target;
    MetricValues values;
    Settings defaults;                            ///< the options in Keras's order
    double (*finish)(double mean) = nullptr;      ///< the result of the mean, if it is not the mean itself
};

const std::vector<MetricRow>& metric_table();

/// Names whose meaning the shapes decide.
struct ByShapes {
    std::string name, alias;
    std::string binary, sparse, categorical;
};
const std::vector<ByShapes>& metrics_by_shapes();

namespace formulas {

void binary_accuracy(const Tensor& y_true, const Tensor& y_pred, const Settings& config, double* values);
void categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, const Settings&, double* values);
void sparse_categorical_accuracy(const Tensor& labels, const Tensor& y_pred, const Settings&, double* values);
void top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, const Settings& config, double* values);
void sparse_top_k_categorical_accuracy(const Tensor& labels, const Tensor& y_pred, const Settings& config,
                                       double* values);

}  // namespace formulas
}  // namespace weft::nn
