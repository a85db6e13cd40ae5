#include "op_table.hpp"

#include <weft/autograd/ops/compare.hpp>

namespace weft::testing {
namespace {

// Some pairs are equal: both sides are whole numbers from 0 to 3.
OpRow comparison_row(const std::string& name, Tensor (*op)(const Tensor&, const Tensor&),
                     bool (*holds)(double, double)) {
    OpRow row{.name = name, .cases = {}, .differentiable = false};
    struct Pair {
        Shape a, b, result;
    };
    for (const auto& [a, b, result] : {Pair{{}, {}, {}}, Pair{{33}, {33}, {33}}, Pair{{3, 5}, {5}, {3, 5}},
                                       Pair{{2, 1}, {1, 7}, {2, 7}}, Pair{{0}, {1}, {0}}})
        for (DType dtype : {float64, int64, uint8})
            row.cases.push_back(one([op](const Tensors& x) { return op(x[0], x[1]); },
                                    {spread_integers(a, 4, 1).to(dtype), spread_integers(b, 4, 2).to(dtype)},
                                    [holds, shape = result](const Plains& x) {
                                        return generate(shape, [&](const Index& i) {
                                            return holds(x[0].broadcast_at(i), x[1].broadcast_at(i));
                                        });
                                    }));
    return row;
}

OpCase where_case(const Shape& condition, const Shape& a, const Shape& b, const Shape& result) {
    return one([](const Tensors& x) { return where(x[0], x[1], x[2]); },
               {spread_integers(condition, 2, 1).to(boolean), spread(a, -2, 2, 2), spread(b, -2, 2, 3)},
               [result](const Plains& x) {
                   return generate(result, [&](const Index& i) {
                       return x[0].broadcast_at(i) != 0 ? x[1].broadcast_at(i) : x[2].broadcast_at(i);
                   });
               });
}

}  // namespace

std::vector<OpRow> compare_rows() {
    return {
        comparison_row("equal", equal, [](double a, double b) { return a == b; }),
        comparison_row("not_equal", not_equal, [](double a, double b) { return a != b; }),
        comparison_row("less", less, [](double a, double b) { return a < b; }),
        comparison_row("less_equal", less_equal, [](double a, double b) { return a <= b; }),
        comparison_row("greater", greater, [](double a, double b) { return a > b; }),
        comparison_row("greater_equal", greater_equal, [](double a, double b) { return a >= b; }),
        {.name = "where",
         .cases = {where_case({}, {}, {}, {}), where_case({19}, {19}, {19}, {19}),
                   where_case({2, 1}, {3}, {2, 3}, {2, 3}), where_case({3}, {2, 1}, {}, {2, 3}),
                   where_case({4, 1, 2}, {3, 1}, {1}, {4, 3, 2}), where_case({0}, {1}, {0}, {0})}},
    };
}

}  // namespace weft::testing
