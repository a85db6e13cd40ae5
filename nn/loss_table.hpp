// The table of losses. A new loss is a formula and one row in loss_table.cpp.
#pragma once

#include <weft/nn/settings.hpp>
#include <weft/nn/targets.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace weft::nn {

/// (y_true, y_pred, options); y_true is as fitted_target() gives it.
using LossFormula = Tensor (*)(const Tensor& y_true, const Tensor& y_pred, const Settings& config);

enum class PerSample {
    mean,     ///< the formula gives a value for each element; a sample's is their mean over the last axis
    formula,  ///< the formula itself gives a value for each sample
};

struct LossRow {
    std::string name;                  ///< Keras's function
    std::string class_name;            ///< Keras's class
    std::vector<std::string> aliases;  ///< besides both of these; the class is the function without underscores
    TargetKind target;
    PerSample per_sample;
    LossFormula formula;
    Settings defaults;  ///< the options in Keras's order
};

const std::vector<LossRow>& loss_table();

/// The row of a name, alias or class; case and underscores do not matter. Null if there is none.
const LossRow* find_loss(const std::string& name);

/// Lower case without underscores: "MeanSquaredError" and "mean_squared_error" alike.
std::string plain(std::string_view name);

/// A sample's values before the mean: of the formula, with the target made to fit. `y_pred` [n] counts as [n, 1] where
/// a sample's value is a mean.
Tensor loss_values(const LossRow& row, const Settings& config, const Tensor& y_true, const Tensor& y_pred);
/// The ignored class among the options, if any.
std::optional<std::int64_t> ignored_class(const Settings& config);

namespace formulas {

// A value for each element.
Tensor squared_error(const Tensor& y_true, const Tensor& y_pred, const Settings&);
Tensor absolute_error(const Tensor& y_true, const Tensor& y_pred, const Settings&);
Tensor absolute_percentage_error(const Tensor& y_true, const Tensor& y_pred, const Settings&);
Tensor squared_logarithmic_error(const Tensor& y_true, const Tensor& y_pred, const Settings&);
Tensor huber(const Tensor& y_true, const Tensor& y_pred, const Settings& config);
Tensor log_cosh(const Tensor& y_true, const Tensor& y_pred, const Settings&);
Tensor poisson(const Tensor& y_true, const Tensor& y_pred, const Settings&);
Tensor hinge(const Tensor& y_true, const Tensor& y_pred, const Settings&);
Tensor squared_hinge(const Tensor& y_true, const Tensor& y_pred, const Settings&);
Tensor binary_crossentropy(const Tensor& y_true, const Tensor& y_pred, const Settings& config);
// A value for each sample.
Tensor cosine_similarity(const Tensor& y_true, const Tensor& y_pred, const Settings&);
Tensor categorical_hinge(const Tensor& y_true, const Tensor& y_pred, const Settings&);
Tensor categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, const Settings& config);
Tensor sparse_categorical_crossentropy(const Tensor& y_true, const Tensor& y_pred, const Settings& config);
Tensor kl_divergence(const Tensor& y_true, const Tensor& y_pred, const Settings&);

}  // namespace formulas
}  // namespace weft::nn
