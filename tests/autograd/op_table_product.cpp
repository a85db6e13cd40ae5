#include "op_table.hpp"

#include <weft/autograd/ops/matmul.hpp>

#include <algorithm>

namespace weft::testing {
namespace {

// NumPy's matmul of operands of two or more axes.
Plain product(const Plain& a, const Plain& b) {
    const int ra = a.shape.rank(), rb = b.shape.rank();
    const std::int64_t m = a.shape[ra - 2], k = a.shape[ra - 1], n = b.shape[rb - 1];
    Shape to = broadcast(Shape(std::span(a.shape.begin(), a.shape.end() - 2)),
                         Shape(std::span(b.shape.begin(), b.shape.end() - 2)), "product");
    const auto leading = static_cast<std::size_t>(to.rank());
    to.push_back(m);
    to.push_back(n);
    return generate(to, [&](const Index& i) {
        double sum = 0;
        for (std::int64_t j = 0; j < k; ++j) {
            Index left = i, right = i;
            left[leading + 1] = j;
            right[leading] = j;
            // Only leading axes broadcast: a matrix axis of size 1 has index 0 as it is.
            sum += a.broadcast_at(left) * b.broadcast_at(right);
        }
        return sum;
    });
}

OpCase multiplied(const Shape& a, const Shape& b, const Shape& result) {
    return one([](const Tensors& x) { return matmul(x[0], x[1]); }, {spread(a, -1, 1, 1), spread(b, -1, 1, 2)},
               [result](const Plains& x) {
                   Plain left = x[0], right = x[1];
                   if (left.shape.rank() == 1) left.shape.insert(0, 1);
                   if (right.shape.rank() == 1) right.shape.push_back(1);
                   return Plain{result, product(left, right).values};
               });
}

Plain turned(const Plain& x) {
    Shape to = x.shape;
    const int r = to.rank();
    std::swap(to[r - 1], to[r - 2]);
    return generate(to, [&](Index i) {
        std::swap(i[i.size() - 1], i[i.size() - 2]);
        return x.at(i);
    });
}

void add_matrix_products(OpRow& row, const Shape& a, const Shape& b) {
    for (bool turn_a : {false, true})
        for (bool turn_b : {false, true}) {
            Shape left = a, right = b;
            if (turn_a) std::swap(left[a.rank() - 1], left[a.rank() - 2]);
            if (turn_b) std::swap(right[b.rank() - 1], right[b.rank() - 2]);
            row.cases.push_back(one([=](const Tensors& x) { return matrix_product(x[0], x[1], turn_a, turn_b); },
                                    {spread(left, -1, 1, 1), spread(right, -1, 1, 2)}, [=](const Plains& x) {
                                        return product(turn_a ? turned(x[0]) : x[0], turn_b ? turned(x[1]) : x[1]);
                                    }));
        }
}

OpRow matrix_product_row() {
    OpRow row{.name = "matrix_product", .cases = {}};
    add_matrix_products(row, {1, 1}, {1, 1});
    add_matrix_products(row, {3, 5}, {5, 2});
    add_matrix_products(row, {7, 9}, {9, 17});
    add_matrix_products(row, {3, 2, 4}, {3, 4, 2});
    add_matrix_products(row, {2, 2, 3, 1}, {2, 2, 1, 2});
    add_matrix_products(row, {2, 0}, {0, 3});
    add_matrix_products(row, {0, 2}, {2, 3});
    add_matrix_products(row, {0, 2, 2}, {0, 2, 1});
    return row;
}

OpCase dense(const Shape& x, const Shape& weights, bool bias, bool relu) {
    Tensors inputs{spread(x, -1, 1, 1), spread(weights, -1, 1, 2)};
    if (bias) inputs.push_back(spread({weights[1]}, -1, 1, 3));
    return one(
        [=](const Tensors& t) {
            return linear(t[0], t[1], bias ? t[2] : Tensor(), relu ? FusedActivation::relu : FusedActivation::none);
        },
        std::move(inputs),
        [=](const Plains& t) {
            Plain rows = t[0];
            if (rows.shape.rank() == 1) rows.shape.insert(0, 1);
            Plain y = product(rows, t[1]);
            y.shape = x;
            y.shape[x.rank() - 1] = weights[1];
            for (std::size_t i = 0; i < y.values.size(); ++i) {
                if (bias) y.values[i] += t[2].values[i % static_cast<std::size_t>(weights[1])];
                if (relu) y.values[i] = std::max(y.values[i], 0.0);
            }
            return y;
        });
}

}  // namespace

std::vector<OpRow> product_rows() {
    return {
        {.name = "matmul",
         .cases = {multiplied({1, 1}, {1, 1}, {1, 1}), multiplied({2, 3}, {3, 4}, {2, 4}),
                   multiplied({5, 9}, {9, 17}, {5, 17}), multiplied({3}, {3}, {}), multiplied({3}, {3, 2}, {2}),
                   multiplied({2, 3}, {3}, {2}), multiplied({3}, {2, 3, 4}, {2, 4}), multiplied({2, 4, 3}, {3}, {2, 4}),
                   multiplied({2, 3, 4}, {4, 2}, {2, 3, 2}), multiplied({2, 3, 4}, {2, 4, 2}, {2, 3, 2}),
                   multiplied({3, 4}, {2, 4, 2}, {2, 3, 2}), multiplied({2, 1, 2, 3}, {3, 3, 2}, {2, 3, 2, 2}),
                   multiplied({1, 2, 3}, {4, 3, 1}, {4, 2, 1}), multiplied({2, 0}, {0, 3}, {2, 3}),
                   multiplied({0, 2}, {2, 3}, {0, 3}), multiplied({2, 2}, {2, 0}, {2, 0})}},
        {.name = "linear",
         .cases = {dense({2, 3}, {3, 4}, true, false), dense({2, 3}, {3, 4}, false, false),
                   dense({5, 9}, {9, 17}, true, true), dense({2, 3}, {3, 2}, false, true),
                   dense({3}, {3, 2}, true, false), dense({2, 2, 3}, {3, 2}, true, true),
                   dense({1, 1}, {1, 1}, true, false), dense({0, 3}, {3, 2}, true, false),
                   dense({2, 0}, {0, 3}, true, false)}},
        matrix_product_row(),
    };
}

}  // namespace weft::testing
