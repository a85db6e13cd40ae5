#include <weft/autograd/ops/reshape.hpp>
#include <weft/nn/targets.hpp>

#include <fmt/core.h>

#include <cmath>

namespace weft::nn {
namespace {

bool agree(const Shape& a, const Shape& b) {
    if (a.rank() != b.rank()) return false;
    for (int i = 0; i < a.rank(); ++i)
        if (a[i] != b[i] && a[i] != None && b[i] != None) return false;
    return true;
}

Shape without_last(Shape shape) {
    if (shape.rank() > 0) shape.erase(shape.rank() - 1);
    return shape;
}

Shape with_one(Shape shape) {
    shape.push_back(1);
    return shape;
}

bool one_per_row(const Shape& target, const Shape& prediction) {
    const Shape rows = without_last(prediction);
    return prediction.rank() > 0 && (agree(target, rows) || agree(target, with_one(rows)));
}

std::string position(const Tensor& x, std::int64_t element) {
    Shape at = x.shape();
    for (int i = x.rank() - 1; i >= 0; --i) {
        at[i] = element % x.shape()[i];
        element /= x.shape()[i];
    }
    return str(at);
}

// The position of the first element that fails, or -1.
template <class Test>
std::int64_t find_failing(const Tensor& x, Test test) {
    return dispatch(x.dtype(), [&]<class T>(T) -> std::int64_t {
        const T* values = x.data().data<T>();
        for (std::int64_t i = 0, n = x.elements(); i < n; ++i)
            if (!test(values[i])) return i;
        return -1;
    });
}

void check_labels(const std::string& where, const Tensor& y_true, std::int64_t classes,
                  std::optional<std::int64_t> ignored) {
    const auto allowed = [&](std::int64_t label) {
        return (label >= 0 && (classes == None || label < classes)) || (ignored && label == *ignored);
    };
    const std::int64_t at = find_failing(y_true, [&](auto label) {
        if constexpr (std::is_floating_point_v<decltype(label)>)
            if (!(std::abs(label) < 1e15 && label == std::floor(label))) return false;
        return allowed(static_cast<std::int64_t>(label));
    });
    if (at < 0) return;
    const double label = y_true.item<double>(at);
    const std::string rule =
        classes == None ? "labels must be whole numbers from 0"
                        : fmt::format("labels must be whole numbers in 0..{}, as the prediction has {} classes",
                                      classes - 1, classes);
    throw ValueError(fmt::format("{}: {}; received {} at position {} of {}.{}", where, rule, label,
                                 position(y_true, at), describe(y_true),
                                 label == static_cast<double>(classes) ? " If they count from 1, use y - 1." : ""));
}

void check_bits(const std::string& where, const Tensor& y_true) {
    // A mixture of images may exceed 1 by a rounding error; that is not what this looks for.
    const std::int64_t at = find_failing(y_true, [](auto value) {
        if constexpr (std::is_floating_point_v<decltype(value)>) return !(value < -1e-3 || value > 1 + 1e-3);
        else return value == 0 || value == 1;
    });
    if (at < 0) return;
    throw ValueError(fmt::format("{}: targets must lie in 0..1; received {} at position {} of {}. For one of several "
                                 "classes use sparse_categorical_crossentropy with an output for each class; for other "
                                 "numbers, such as mse, or scale them to 0..1.",
                                 where, y_true.item<double>(at), position(y_true, at), describe(y_true)));
}

}  // namespace

void check_target_shape(const std::string& where, TargetKind kind, const Tensor& y_true, const Shape& prediction,
                        std::string_view family) {
    const Shape& shape = y_true.shape();
    const bool per_row = one_per_row(shape, prediction);
    if (kind == TargetKind::labels) {
        if (per_row) return;
        throw ShapeError(
            fmt::format("{}: expects whole-number class labels {}, one for each row of the prediction; received "
                        "target {} for prediction {}.{}",
                        where, str(without_last(prediction)), describe(y_true), str(prediction),
                        agree(shape, prediction) ? fmt::format(" For one-hot rows use categorical_{}.", family) : ""));
    }
    if (agree(shape, prediction)) return;
    const std::int64_t last = prediction.rank() > 0 ? prediction.back() : 1;
    if (last == 1 && per_row) return;
    if (prediction.rank() == 1 && agree(shape, with_one(prediction))) return;
    if (kind == TargetKind::probabilities && per_row)
        throw ShapeError(
            fmt::format("{}: expects a probability for each class, in the prediction's shape; received class "
                        "labels {} for prediction {}. Use sparse_categorical_{}, or one_hot(y, {}).",
                        where, describe(y_true), str(prediction), family, last));
    const char* rule = kind == TargetKind::probabilities
                           ? "expects a probability for each class, in the prediction's shape"
                           : "target and prediction must have the same shape";
    throw ShapeError(fmt::format("{}: {}; received target {} for prediction {}.{}", where, rule, describe(y_true),
                                 str(prediction),
                                 per_row && !is_floating(y_true.dtype())
                                     ? fmt::format(" Class labels become such a target by one_hot(y, {}).", last)
                                     : ""));
}

void check_target_range(const std::string& where, TargetKind kind, const Tensor& y_true, std::int64_t classes,
                        std::optional<std::int64_t> ignored) {
    if (kind == TargetKind::labels) check_labels(where, y_true, classes, ignored);
    if (kind == TargetKind::bits) check_bits(where, y_true);
}

Tensor fitted_target(const std::string& where, TargetKind kind, const Tensor& y_true, const Tensor& y_pred,
                     std::string_view family) {
    if (!is_floating(y_pred.dtype()))
        throw DTypeError(
            fmt::format("{}: the prediction must be float32 or float64; received {}. Convert it first: y.to(float32).",
                        where, describe(y_pred)));
    const Shape& shape = y_pred.shape();
    if (kind == TargetKind::labels) {
        if (y_true.dtype() == int64 && shape.rank() > 0 && y_true.shape() == without_last(shape)) return y_true;
        check_target_shape(where, kind, y_true, shape, family);
        return y_true.to(int64).reshape(without_last(shape));
    }
    if (y_true.shape() == shape) return y_true.to(y_pred.dtype());
    if (y_true.rank() == 0) return broadcast_to(y_true.to(y_pred.dtype()), shape);
    check_target_shape(where, kind, y_true, shape, family);
    return y_true.to(y_pred.dtype()).reshape(shape);
}

Tensor aligned_left(const Tensor& x, const Shape& shape, const char* what) {
    Shape aligned = x.shape();
    if (aligned.rank() == shape.rank() + 1 && aligned.back() == 1) aligned = without_last(aligned);
    while (aligned.rank() < shape.rank()) aligned = with_one(aligned);
    if (!broadcasts_to(aligned, shape))
        throw ShapeError(
            fmt::format("{}: expects one number for each sample, [batch], or for each of the values {}; received {}.",
                        what, str(shape), describe(x)));
    return aligned == x.shape() ? x : x.reshape(aligned);
}

}  // namespace weft::nn
