// What a loss or a metric expects of a target, given the prediction.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace weft::nn {

enum class TargetKind {
    values,         ///< a number for each number of the prediction
    bits,           ///< the same, each in 0..1
    probabilities,  ///< a distribution over the classes: the prediction's shape
    labels,         ///< a whole number for each row of the prediction: its shape without the last axis, or with 1 there
};

/// Throws ShapeError, naming both whole shapes, unless such a target may have y_true's shape. Axes of the prediction
/// that are None agree with anything. A target of values may lack a last axis of 1. `family` completes
/// sparse_categorical_..., what takes labels instead of one-hot rows, for the advice.
void check_target_shape(const std::string& where, TargetKind kind, const Tensor& y_true, const Shape& prediction,
                        std::string_view family = "crossentropy");

/// Throws ValueError, naming value and position, for a label that is not a whole number in 0..classes-1 (any not
/// negative, if classes is None) and not `ignored`, or for a bit outside 0..1.
void check_target_range(const std::string& where, TargetKind kind, const Tensor& y_true, std::int64_t classes,
                        std::optional<std::int64_t> ignored = {});

/// The target as formulas take it: int64 labels of the prediction's shape without the last axis; for other kinds, the
/// prediction's shape and element type. Throws as check_target_shape does.
Tensor fitted_target(const std::string& where, TargetKind kind, const Tensor& y_true, const Tensor& y_pred,
                     std::string_view family = "crossentropy");

/// x [batch] or [batch, ...] with axes of 1 added behind, or one taken away, until it broadcasts to `shape`. Throws
/// ShapeError if it cannot.
Tensor aligned_left(const Tensor& x, const Shape& shape, const char* what);

}  // namespace weft::nn
