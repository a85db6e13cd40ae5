// Accuracies: loops over the elements, since they run at every training step beside much larger work.
#include <weft/autograd/kernels/threads.hpp>
#include <weft/nn/metric_table.hpp>

#include <algorithm>
#include <cmath>

namespace weft::nn::formulas {
namespace {

// Whether the label is the position of the row's first largest value.
template <class T>
bool is_largest(const T* row, std::int64_t n, std::int64_t label) {
    if (label < 0 || label >= n || std::isnan(row[label])) return false;
    const T value = row[label];
    int larger = 0;
    for (std::int64_t i = 0; i < label; ++i) larger |= row[i] >= value;
    for (std::int64_t i = label + 1; i < n; ++i) larger |= row[i] > value;
    return !larger;
}

// Whether fewer than k values are larger; as TensorFlow has it, equal ones do not count and infinity is not among the
// top.
template <class T>
bool is_among_top(const T* row, std::int64_t n, std::int64_t label, std::int64_t k) {
    if (label < 0 || label >= n || !std::isfinite(row[label])) return false;
    const T value = row[label];
    std::int64_t larger = 0;
    for (std::int64_t i = 0; i < n; ++i) larger += row[i] > value;
    return larger < k;
}

template <class T>
std::int64_t first_largest(const T* row, std::int64_t n) {
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < n; ++i)
        if (row[i] > row[best]) best = i;
    return best;
}

// Calls test(row, classes, label) for each row of y_pred.
template <class Test>
void for_rows(const Tensor& y_true, const Tensor& y_pred, double* values, Test test) {
    const std::int64_t n = y_pred.shape().back(), rows = n ? y_pred.elements() / n : 0;
    const std::int64_t grain = 1 + 4096 / std::max<std::int64_t>(n, 1);
    dispatch_floating(y_pred.dtype(), [&]<class T>(T) {
        const T* row = y_pred.data().data<T>();
        const bool sparse = y_true.dtype() == int64;
        const auto* label = sparse ? y_true.data().data<std::int64_t>() : nullptr;
        const T* hot = sparse ? nullptr : y_true.data().data<T>();
        kernels::parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i)
                values[i] = test(row + i * n, n, sparse ? label[i] : first_largest(hot + i * n, n));
        });
    });
}

}  // namespace

void binary_accuracy(const Tensor& y_true, const Tensor& y_pred, const Settings& config, double* values) {
    const double threshold = config.get<double>("threshold");
    const std::int64_t n = y_pred.shape().back(), rows = n ? y_pred.elements() / n : 0;
    dispatch_floating(y_pred.dtype(), [&]<class T>(T) {
        const T *p = y_pred.data().data<T>(), *t = y_true.data().data<T>();
        for (std::int64_t i = 0; i < rows; ++i) {
            std::int64_t right = 0;
            for (std::int64_t j = i * n; j < (i + 1) * n; ++j)
                right += static_cast<T>(p[j] > static_cast<T>(threshold)) == t[j];
            values[i] = static_cast<double>(right) / static_cast<double>(n);
        }
    });
}

void sparse_categorical_accuracy(const Tensor& labels, const Tensor& y_pred, const Settings&, double* values) {
    for_rows(labels, y_pred, values,
             [](const auto* row, std::int64_t n, std::int64_t label) { return is_largest(row, n, label); });
}

void categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, const Settings& config, double* values) {
    sparse_categorical_accuracy(y_true, y_pred, config, values);
}

void sparse_top_k_categorical_accuracy(const Tensor& labels, const Tensor& y_pred, const Settings& config,
                                       double* values) {
    const auto k = config.get<std::int64_t>("k");
    for_rows(labels, y_pred, values,
             [k](const auto* row, std::int64_t n, std::int64_t label) { return is_among_top(row, n, label, k); });
}

void top_k_categorical_accuracy(const Tensor& y_true, const Tensor& y_pred, const Settings& config, double* values) {
    sparse_top_k_categorical_accuracy(y_true, y_pred, config, values);
}

}  // namespace weft::nn::formulas
