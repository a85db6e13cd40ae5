#include "op_table.hpp"

namespace weft::testing {

const std::vector<OpRow>& op_table() {
    static const std::vector<OpRow> table = [] {
        std::vector<OpRow> rows;
        for (auto family : {elementwise_rows, activation_rows, arithmetic_rows, compare_rows, reduce_rows, reshape_rows,
                            index_rows, product_rows, image_rows, normalization_rows, softmax_rows, recurrent_rows})
            for (OpRow& row : family()) rows.push_back(std::move(row));
        return rows;
    }();
    return table;
}

OpCase one(std::function<Tensor(const Tensors&)> op, Tensors inputs, std::function<Plain(const Plains&)> reference) {
    return {[op](const Tensors& x) { return Tensors{op(x)}; }, std::move(inputs),
            [reference](const Plains& x) { return Plains{reference(x)}; }};
}

OpRow elementwise_row(const std::string& name, Tensor (*op)(const Tensor&), double (*reference)(double),
                      const Range& range) {
    OpRow row{.name = name, .cases = {}, .elementwise = true};
    std::uint64_t seed = 0;
    // None, one, a few less than a vector, one more than two of them, several axes, and nothing at all.
    for (const Shape& shape :
         {Shape{}, Shape{1}, Shape{7}, Shape{17}, Shape{2, 3}, Shape{3, 1, 4}, Shape{0}, Shape{2, 0, 3}})
        row.cases.push_back(one([op](const Tensors& x) { return op(x[0]); },
                                {spread(shape, range.low, range.high, ++seed, range.kinks)},
                                [reference](const Plains& x) {
                                    return generate(x[0].shape, [&](const Index& i) { return reference(x[0].at(i)); });
                                }));
    return row;
}

OpRow broadcasting_row(const std::string& name, Tensor (*op)(const Tensor&, const Tensor&),
                       double (*reference)(double, double), const Range& a, const Range& b) {
    struct Pair {
        Shape a, b, result;
    };
    const Pair pairs[] = {
        {{}, {}, {}},
        {{3}, {3}, {3}},
        {{}, {2, 3}, {2, 3}},
        {{2, 3}, {}, {2, 3}},
        {{1}, {5}, {5}},
        {{3, 17}, {3, 17}, {3, 17}},
        {{2, 9}, {9}, {2, 9}},
        {{9}, {2, 9}, {2, 9}},
        {{2, 9}, {2, 1}, {2, 9}},
        {{2, 1}, {1, 3}, {2, 3}},
        {{4, 1, 3}, {2, 1}, {4, 2, 3}},
        {{2, 3, 2, 1}, {3, 1, 4}, {2, 3, 2, 4}},
        {{0}, {1}, {0}},
        {{2, 0}, {1, 1}, {2, 0}},
        {{3, 1}, {0}, {3, 0}},
    };
    OpRow row{.name = name, .cases = {}, .elementwise = true};
    std::uint64_t seed = 0;
    for (const Pair& pair : pairs) {
        Tensors inputs{spread(pair.a, a.low, a.high, ++seed, a.kinks), spread(pair.b, b.low, b.high, ++seed, b.kinks)};
        row.cases.push_back(one([op](const Tensors& x) { return op(x[0], x[1]); }, std::move(inputs),
                                [reference, shape = pair.result](const Plains& x) {
                                    return generate(shape, [&](const Index& i) {
                                        return reference(x[0].broadcast_at(i), x[1].broadcast_at(i));
                                    });
                                }));
    }
    return row;
}

}  // namespace weft::testing
