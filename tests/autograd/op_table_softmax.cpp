#include "op_table.hpp"

#include <weft/autograd/ops/softmax.hpp>

#include <cmath>

namespace weft::testing {
namespace {

// The sum of f over the axis of x that index runs through.
double sum_along(const Plain& x, Index index, int axis, double (*f)(double)) {
    double sum = 0;
    for (std::int64_t j = 0; j < x.shape[axis]; ++j) {
        index[static_cast<std::size_t>(axis)] = j;
        sum += f(x.at(index));
    }
    return sum;
}

double exponential(double x) { return std::exp(x); }

OpRow softmax_row(const std::string& name, Tensor (*op)(const Tensor&, std::int64_t),
                  double (*finish)(double x, double total)) {
    OpRow row{.name = name, .cases = {}};
    struct Choice {
        Shape shape;
        int axis;
    };
    for (const auto& [shape, axis] : {Choice{{1}, -1}, Choice{{19}, 0}, Choice{{3, 5}, -1}, Choice{{3, 5}, 0},
                                      Choice{{2, 3, 4}, 1}, Choice{{2, 10}, 1}, Choice{{0, 3}, 1}})
        row.cases.push_back(one([op, axis = axis](const Tensors& x) { return op(x[0], axis); }, {spread(shape, -3, 3)},
                                [finish, at = axis < 0 ? axis + shape.rank() : axis](const Plains& x) {
                                    return generate(x[0].shape, [&](const Index& i) {
                                        return finish(x[0].at(i), sum_along(x[0], i, at, exponential));
                                    });
                                }));
    return row;
}

OpRow gradient_row(const std::string& name, Tensor (*op)(const Tensor&, const Tensor&), double low, double high,
                   double (*finish)(double dy, double y, double sum_dy, double sum_dy_y)) {
    OpRow row{.name = name, .cases = {}};
    for (const Shape& shape : {Shape{1}, Shape{19}, Shape{3, 5}, Shape{2, 1, 4}, Shape{0, 3}})
        row.cases.push_back(one([op](const Tensors& x) { return op(x[0], x[1]); },
                                {spread(shape, -2, 2, 1), spread(shape, low, high, 2)},
                                [finish](const Plains& x) {
                                    return generate(x[0].shape, [&](const Index& i) {
                                        double sum_dy = 0, sum_dy_y = 0;
                                        Index at = i;
                                        for (at.back() = 0; at.back() < x[0].shape.back(); ++at.back()) {
                                            sum_dy += x[0].at(at);
                                            sum_dy_y += x[0].at(at) * x[1].at(at);
                                        }
                                        return finish(x[0].at(i), x[1].at(i), sum_dy, sum_dy_y);
                                    });
                                }));
    return row;
}

Shape without_last(Shape shape) {
    shape.erase(shape.rank() - 1);
    return shape;
}

double log_softmax_at(const Plain& logits, Index row, std::int64_t column) {
    row.push_back(column);
    return logits.at(row) - std::log(sum_along(logits, row, logits.shape.rank() - 1, exponential));
}

OpRow cross_entropy_row() {
    OpRow row{.name = "softmax_cross_entropy", .cases = {}};
    for (const Shape& shape : {Shape{4}, Shape{3, 5}, Shape{2, 3, 4}, Shape{2, 1}, Shape{0, 3}})
        row.cases.push_back(one([](const Tensors& x) { return softmax_cross_entropy(x[0], x[1]); },
                                {spread(shape, 0, 1, 1), spread(shape, -3, 3, 2)},
                                [](const Plains& x) {
                                    return generate(without_last(x[0].shape), [&](const Index& i) {
                                        double loss = 0;
                                        for (std::int64_t j = 0; j < x[0].shape.back(); ++j) {
                                            Index at = i;
                                            at.push_back(j);
                                            loss -= x[0].at(at) * log_softmax_at(x[1], i, j);
                                        }
                                        return loss;
                                    });
                                }));
    return row;
}

OpRow sparse_cross_entropy_row() {
    OpRow row{.name = "sparse_softmax_cross_entropy", .cases = {}};
    for (const Shape& shape : {Shape{4}, Shape{3, 5}, Shape{2, 3, 4}, Shape{2, 1}, Shape{0, 3}})
        row.cases.push_back(one([](const Tensors& x) { return sparse_softmax_cross_entropy(x[0], x[1]); },
                                {spread_integers(without_last(shape), shape.back()), spread(shape, -3, 3)},
                                [](const Plains& x) {
                                    return generate(x[0].shape, [&](const Index& i) {
                                        return -log_softmax_at(x[1], i, static_cast<std::int64_t>(x[0].at(i)));
                                    });
                                }));
    return row;
}

}  // namespace

std::vector<OpRow> softmax_rows() {
    return {
        softmax_row("softmax", softmax, [](double x, double total) { return std::exp(x) / total; }),
        softmax_row("log_softmax", log_softmax, [](double x, double total) { return x - std::log(total); }),
        gradient_row("softmax_gradient", softmax_gradient, 0, 1,
                     [](double dy, double y, double, double sum_dy_y) { return y * (dy - sum_dy_y); }),
        gradient_row("log_softmax_gradient", log_softmax_gradient, -3, 0,
                     [](double dy, double y, double sum_dy, double) { return dy - std::exp(y) * sum_dy; }),
        cross_entropy_row(),
        sparse_cross_entropy_row(),
        broadcasting_row("sigmoid_cross_entropy", sigmoid_cross_entropy,
                         [](double target, double x) { return std::log1p(std::exp(x)) - target * x; }, {0, 1}, {-5, 5}),
    };
}

}  // namespace weft::testing
