#include <weft/autograd/kernels/softmax.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/ops/softmax.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft {
namespace {

// Calls body(functions, first row, rows) for parts of the rows of x seen as [rows, last axis].
template <class Body>
void over_rows(const Tensor& x, Body&& body) {
    const std::int64_t columns = x.shape().back(), rows = columns ? x.elements() / columns : 0;
    const auto& table = kernels::active<kernels::Softmax>();
    const std::int64_t grain =
        std::max<std::int64_t>(1, kernels::elementwise_grain / 4 / std::max<std::int64_t>(columns, 1));
    kernels::parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
        if (x.dtype() == float32) body.template operator()<float>(table.f32, begin, end - begin, columns);
        else body.template operator()<double>(table.f64, begin, end - begin, columns);
    });
}

void check(const Tensor& x, const char* where) {
    require_floating(x, where);
    if (x.rank() == 0) throw ShapeError(fmt::format("{}: expects at least one axis; received {}", where, describe(x)));
}

// Along any axis: that axis is moved to the end and back.
template <class F>
Tensor along(const Tensor& x, std::int64_t axis, const char* where, F&& f) {
    check(x, where);
    const int at = x.shape().axis(axis, where);
    if (at == x.rank() - 1) return f(x);
    return swap_axes(f(swap_axes(x, at, -1)), at, -1);
}

Tensor last_axis_softmax(const Tensor& x) {
    Array result(x.shape(), x.dtype());
    over_rows(
        x, [&]<class T>(const kernels::SoftmaxRows<T>& rows, std::int64_t first, std::int64_t count, std::int64_t n) {
            rows.softmax(x.data().data<T>() + first * n, result.data<T>() + first * n, count, n);
        });
    return record({std::move(result), "softmax"}, {x},
                  [](const Tensor& y, const Tensor& dy) { return softmax_gradient(dy, y); });
}

Tensor last_axis_log_softmax(const Tensor& x) {
    Array result(x.shape(), x.dtype());
    over_rows(
        x, [&]<class T>(const kernels::SoftmaxRows<T>& rows, std::int64_t first, std::int64_t count, std::int64_t n) {
            rows.log_softmax(x.data().data<T>() + first * n, result.data<T>() + first * n, count, n);
        });
    return record({std::move(result), "log_softmax"}, {x},
                  [](const Tensor& y, const Tensor& dy) { return log_softmax_gradient(dy, y); });
}

Shape without_last(const Shape& shape) {
    Shape rows = shape;
    rows.erase(shape.rank() - 1);
    return rows;
}

// softmax(logits) for a derivative: the one computed on the way forward, unless the derivative is recorded itself.
Tensor probabilities(const Saved& logits, const Saved& forward) {
    return grad_enabled() ? softmax(logits.get()) : forward.get();
}

}  // namespace

namespace {

void check_gradient(const Tensor& dy, const Tensor& y, const char* where) {
    check(y, where);
    if (dy.shape() != y.shape() || dy.dtype() != y.dtype())
        throw ShapeError(
            fmt::format("{}: the gradient must be as the result, {}; received {}", where, describe(y), describe(dy)));
}

}  // namespace

Tensor softmax_gradient(const Tensor& dy, const Tensor& y) {
    check_gradient(dy, y, "softmax_gradient");
    Array result(y.shape(), y.dtype());
    over_rows(y, [&]<class T>(const kernels::SoftmaxRows<T>& rows, std::int64_t first, std::int64_t count,
                              std::int64_t n) {
        rows.softmax_gradient(y.data().data<T>() + first * n, dy.data().data<T>() + first * n,
                              result.data<T>() + first * n, count, n);
    });
    return record(std::move(result), {dy, y}, [y = save(y)](const Tensor& g) { return softmax_gradient(g, y); },
                  [dy = save(dy), y = save(y)](const Tensor& g) {
                      const Tensor d = dy, p = y;
                      return g * (d - sum(d * p, {-1}, true)) - d * sum(g * p, {-1}, true);
                  });
}

Tensor log_softmax_gradient(const Tensor& dy, const Tensor& y) {
    check_gradient(dy, y, "log_softmax_gradient");
    Array result(y.shape(), y.dtype());
    over_rows(y, [&]<class T>(const kernels::SoftmaxRows<T>& rows, std::int64_t first, std::int64_t count,
                              std::int64_t n) {
        rows.log_softmax_gradient(y.data().data<T>() + first * n, dy.data().data<T>() + first * n,
                                  result.data<T>() + first * n, count, n);
    });
    return record(std::move(result), {dy, y},
                  [y = save(y)](const Tensor& g) { return g - sum(g * exp(y), {-1}, true); },
                  [dy = save(dy), y = save(y)](const Tensor& g) { return -g * exp(y) * sum(dy, {-1}, true); });
}

Tensor softmax(const Tensor& x, std::int64_t axis) {
    Tensor result = along(x, axis, "softmax", last_axis_softmax);
    if (x.shape().axis(axis, "softmax") == x.rank() - 1) remember_logits(result, x, detail::Companions::Link::softmax);
    return result;
}

Tensor log_softmax(const Tensor& x, std::int64_t axis) { return along(x, axis, "log_softmax", last_axis_log_softmax); }

Tensor softmax_cross_entropy(const Tensor& target, const Tensor& logits) {
    check(logits, "softmax_cross_entropy");
    if (target.shape() != logits.shape() || target.dtype() != logits.dtype())
        throw ShapeError(fmt::format("softmax_cross_entropy: the target must be as the logits, {}; received {}",
                                     describe(logits), describe(target)));
    Array loss(without_last(logits.shape()), logits.dtype());
    const bool keep = detail::needs_grad({target, logits});
    Array forward = keep ? Array(logits.shape(), logits.dtype()) : Array();
    over_rows(logits, [&]<class T>(const kernels::SoftmaxRows<T>& rows, std::int64_t first, std::int64_t count,
                                   std::int64_t n) {
        rows.cross_entropy(logits.data().data<T>() + first * n, target.data().data<T>() + first * n,
                           loss.data<T>() + first, keep ? forward.data<T>() + first * n : nullptr, count, n);
    });
    if (!keep) return Tensor(std::move(loss));
    return record(std::move(loss), {target, logits},
                  [logits = save(logits)](const Tensor& dy) { return -expand_dims(dy, -1) * log_softmax(logits); },
                  [target = save(target), logits = save(logits), p = Saved(Tensor(forward))](const Tensor& dy) {
                      const Tensor t = target;
                      return expand_dims(dy, -1) * (probabilities(logits, p) * sum(t, {-1}, true) - t);
                  });
}

Tensor sparse_softmax_cross_entropy(const Tensor& labels, const Tensor& logits) {
    check(logits, "sparse_softmax_cross_entropy");
    if (labels.dtype() != int64 || labels.shape() != without_last(logits.shape()))
        throw ShapeError(fmt::format(
            "sparse_softmax_cross_entropy: the labels must be int64 {}, one for each row of the logits {}; received {}",
            str(without_last(logits.shape())), describe(logits), describe(labels)));
    const std::int64_t classes = logits.shape().back();
    const auto values = labels.values<std::int64_t>();
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i] < 0 || values[i] >= classes)
            throw ValueError(
                fmt::format("sparse_softmax_cross_entropy: labels must lie in 0..{}; received {} at position {}",
                            classes - 1, values[i], i));
    Array loss(labels.shape(), logits.dtype());
    const bool keep = detail::needs_grad({logits});
    Array forward = keep ? Array(logits.shape(), logits.dtype()) : Array();
    over_rows(logits, [&]<class T>(const kernels::SoftmaxRows<T>& rows, std::int64_t first, std::int64_t count,
                                   std::int64_t n) {
        rows.sparse_cross_entropy(logits.data().data<T>() + first * n, values.data() + first, loss.data<T>() + first,
                                  keep ? forward.data<T>() + first * n : nullptr, count, n);
    });
    if (!keep) return Tensor(std::move(loss));
    return record(std::move(loss), {logits},
                  [labels = save(labels), logits = save(logits), p = Saved(Tensor(forward))](const Tensor& dy) {
                      const Tensor one = one_hot(labels, logits.shape().back(), dy.dtype());
                      return expand_dims(dy, -1) * (probabilities(logits, p) - one);
                  });
}

Tensor sigmoid_cross_entropy(const Tensor& target, const Tensor& logits) {
    return softplus(logits) - target * logits;
}

void remember_logits(Tensor& result, const Tensor& logits, detail::Companions::Link link) {
    if (!result.impl()->companions) result.impl()->companions = std::make_unique<detail::Companions>();
    // Not the handle itself: a chain of sigmoids would keep every link alive, and be freed by recursion.
    auto copy = std::make_shared<Tensor>(Array(logits.data()));
    copy->impl()->edge = logits.impl()->edge;
    result.impl()->companions->logits = std::move(copy);
    result.impl()->companions->link = link;
}

Tensor remembered_logits(const Tensor& probabilities, detail::Companions::Link link) {
    const auto& companions = probabilities.impl()->companions;
    return companions && companions->link == link ? *companions->logits : Tensor();
}

}  // namespace weft
