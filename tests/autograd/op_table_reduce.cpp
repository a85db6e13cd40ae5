#include "op_table.hpp"

#include <weft/autograd/ops/reduce.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weft::testing {
namespace {

using Numbers = std::vector<double>;

// Calls f with the list of elements that each result is made of.
template <class F>
Plain reduced(const Plain& x, const std::vector<std::int64_t>& axes, bool keepdims, F&& f) {
    Shape result, kept;
    std::vector<bool> chosen(static_cast<std::size_t>(x.shape.rank()), axes.empty());
    for (std::int64_t axis : axes) chosen[static_cast<std::size_t>(x.shape.axis(axis, "reduced"))] = true;
    for (int i = 0; i < x.shape.rank(); ++i) {
        kept.push_back(chosen[static_cast<std::size_t>(i)] ? 1 : x.shape[i]);
        if (!chosen[static_cast<std::size_t>(i)] || keepdims) result.push_back(kept.back());
    }
    std::vector<Numbers> lists(static_cast<std::size_t>(kept.elements()));
    const Plain target{kept, {}};
    each_index(x.shape, [&](Index index) {
        const double value = x.at(index);
        for (std::size_t i = 0; i < index.size(); ++i)
            if (chosen[i]) index[i] = 0;
        lists[target.position(index)].push_back(value);
    });
    Plain y{result, {}};
    for (const Numbers& list : lists) y.values.push_back(f(list));
    return y;
}

struct Choice {
    Shape shape;
    std::vector<std::int64_t> axes;
    bool keepdims = false;
};

using Reduction = Tensor (*)(const Tensor&, const Axes&, bool);

OpRow reduction_row(const std::string& name, Reduction op, double (*reference)(const Numbers&),
                    bool of_nothing = true) {
    std::vector<Choice> choices{
        {{}, {}},
        {{1}, {0}},
        {{19}, {}},
        {{3, 5}, {0}},
        {{3, 5}, {1}},
        {{3, 5}, {-1}, true},
        {{2, 3, 4}, {0, 2}},
        {{2, 3, 4}, {1}},
        {{2, 3, 4}, {2, 1}},
        {{2, 3, 4}, {}, true},
        {{2, 3, 4}, {0, 1}, true},
        {{2, 1, 3}, {1}},
        {{2, 2, 2, 3}, {0, 2}},
        {{0, 3}, {1}},
        {{2, 3, 2, 2, 2}, {1, 3}, true},
    };
    if (of_nothing) choices.insert(choices.end(), {{{0}, {}}, {{2, 0, 3}, {1}}, {{0, 3}, {0}, true}});
    OpRow row{.name = name, .cases = {}};
    std::uint64_t seed = 0;
    for (const auto& [shape, axes, keepdims] : choices)
        row.cases.push_back(
            one([op, axes = axes, keepdims = keepdims](const Tensors& x) { return op(x[0], axes, keepdims); },
                {spread(shape, -2, 2, ++seed)},
                [reference, axes = axes, keepdims = keepdims](const Plains& x) {
                    return reduced(x[0], axes, keepdims, reference);
                }));
    return row;
}

OpRow position_row(const std::string& name, Tensor (*op)(const Tensor&, std::int64_t, bool),
                   double (*reference)(const Numbers&)) {
    OpRow row{.name = name, .cases = {}, .differentiable = false};
    for (const auto& [shape, axes, keepdims] : {Choice{{1}, {0}}, Choice{{19}, {-1}}, Choice{{3, 5}, {0}},
                                                Choice{{3, 5}, {1}, true}, Choice{{2, 7, 3}, {1}}, Choice{{0, 3}, {1}}})
        for (DType dtype : {float64, int64})  // of whole numbers some are equal: the first wins
            row.cases.push_back(
                one([op, axis = axes[0], keepdims = keepdims](const Tensors& x) { return op(x[0], axis, keepdims); },
                    {spread_integers(shape, 5).to(dtype)},
                    [reference, axes = axes, keepdims = keepdims](const Plains& x) {
                        return reduced(x[0], axes, keepdims, reference);
                    }));
    return row;
}

double total(const Numbers& x) { return std::accumulate(x.begin(), x.end(), 0.0); }
double average(const Numbers& x) { return total(x) / static_cast<double>(x.size()); }
double spread_about_mean(const Numbers& x) {
    double squares = 0;
    for (double value : x) squares += (value - average(x)) * (value - average(x));
    return squares;
}
double product(const Numbers& x) { return std::accumulate(x.begin(), x.end(), 1.0, std::multiplies<>()); }
double log_total(const Numbers& x) {
    double total = 0;
    for (double value : x) total += std::exp(value);
    return std::log(total);
}

OpRow variance_row() {
    OpRow row = reduction_row(
        "variance", [](const Tensor& x, const Axes& axes, bool keepdims) { return variance(x, axes, keepdims); },
        [](const Numbers& x) { return spread_about_mean(x) / static_cast<double>(x.size()); }, false);
    row.cases.push_back(one([](const Tensors& x) { return variance(x[0], 0, false, 1); }, {spread({5, 3}, -2, 2)},
                            [](const Plains& x) {
                                return reduced(x[0], {0}, false,
                                               [](const Numbers& column) { return spread_about_mean(column) / 4; });
                            }));
    return row;
}

OpRow prod_row() {
    OpRow row = reduction_row("prod", prod, product);
    // One zero in a product, and two, keep their derivatives.
    for (int zeros : {1, 2}) {
        Tensor x = spread({2, 4}, 0.5, 2);
        for (int i = 0; i < zeros; ++i) x.mutable_array<double>()(0, 2 * i) = 0;
        row.cases.push_back(one([](const Tensors& x) { return prod(x[0], 1); }, {x},
                                [](const Plains& x) { return reduced(x[0], {1}, false, product); }));
    }
    return row;
}

OpRow sum_to_row() {
    struct Pair {
        Shape from, to;
    };
    OpRow row{.name = "sum_to", .cases = {}};
    for (const auto& [from, to] : {Pair{{3}, {3}}, Pair{{2, 3}, {}}, Pair{{2, 3}, {3}}, Pair{{2, 3}, {1, 3}},
                                   Pair{{2, 3}, {2, 1}}, Pair{{4, 2, 3}, {2, 1}}, Pair{{1, 3}, {3}}, Pair{{2, 0}, {1}}})
        row.cases.push_back(one([to = to](const Tensors& x) { return sum_to(x[0], to); }, {spread(from, -2, 2)},
                                [to = to](const Plains& x) {
                                    Plain y{to, std::vector<double>(static_cast<std::size_t>(to.elements()), 0.0)};
                                    each_index(x[0].shape, [&](const Index& index) {
                                        Index at(index.end() - to.rank(), index.end());
                                        for (int i = 0; i < to.rank(); ++i)
                                            if (to[i] == 1) at[static_cast<std::size_t>(i)] = 0;
                                        y.at(at) += x[0].at(index);
                                    });
                                    return y;
                                }));
    return row;
}

}  // namespace

std::vector<OpRow> reduce_rows() {
    return {
        reduction_row("sum", sum, total),
        reduction_row("mean", mean, average, false),
        variance_row(),
        reduction_row(
            "max", max, [](const Numbers& x) { return *std::max_element(x.begin(), x.end()); }, false),
        reduction_row(
            "min", min, [](const Numbers& x) { return *std::min_element(x.begin(), x.end()); }, false),
        prod_row(),
        reduction_row("logsumexp", logsumexp, log_total, false),
        position_row("argmax", argmax,
                     [](const Numbers& x) { return double(std::max_element(x.begin(), x.end()) - x.begin()); }),
        position_row("argmin", argmin,
                     [](const Numbers& x) { return double(std::min_element(x.begin(), x.end()) - x.begin()); }),
        sum_to_row(),
    };
}

}  // namespace weft::testing
