#include "op_table.hpp"

#include <weft/autograd/ops/reshape.hpp>

#include <numeric>

namespace weft::testing {
namespace {

// The same elements under another shape.
OpCase reshaped(std::function<Tensor(const Tensor&)> op, const Shape& from, const Shape& to) {
    return one([op](const Tensors& x) { return op(x[0]); }, {spread(from, -2, 2)},
               [to](const Plains& x) { return Plain{to, x[0].values}; });
}

OpCase transposed(std::function<Tensor(const Tensor&)> op, const Shape& from, const std::vector<int>& order) {
    return one([op](const Tensors& x) { return op(x[0]); }, {spread(from, -2, 2)}, [order](const Plains& x) {
        Shape to;
        for (int axis : order) to.push_back(x[0].shape[axis]);
        return generate(to, [&](const Index& i) {
            Index source(i.size());
            for (std::size_t k = 0; k < i.size(); ++k) source[static_cast<std::size_t>(order[k])] = i[k];
            return x[0].at(source);
        });
    });
}

OpCase repeated(const Shape& from, const Shape& to) {
    return one([to](const Tensors& x) { return broadcast_to(x[0], to); }, {spread(from, -2, 2)},
               [to](const Plains& x) { return generate(to, [&](const Index& i) { return x[0].broadcast_at(i); }); });
}

OpCase others(const Shape& shape) {
    return one([](const Tensors& x) { return products_of_others(x[0]); }, {spread(shape, -2, 2)}, [](const Plains& x) {
        return generate(x[0].shape, [&](const Index& i) {
            double product = 1;
            for (std::int64_t j = 0; j < x[0].shape[1]; ++j)
                if (j != i[1]) product *= x[0](i[0], j);
            return product;
        });
    });
}

}  // namespace

std::vector<OpRow> reshape_rows() {
    const auto to = [](const Shape& shape) { return [shape](const Tensor& x) { return reshape(x, shape); }; };
    const auto expanded = [](int axis) { return [axis](const Tensor& x) { return expand_dims(x, axis); }; };
    const auto squeezed = [](int axis) { return [axis](const Tensor& x) { return squeeze(x, axis); }; };
    const auto ordered = [](const std::vector<std::int64_t>& order) {
        return [order](const Tensor& x) { return transpose(x, order); };
    };
    const auto swapped = [](int a, int b) { return [a, b](const Tensor& x) { return swap_axes(x, a, b); }; };
    return {
        {.name = "reshape",
         .cases = {reshaped(to({6}), {2, 3}, {6}), reshaped(to({3, -1}), {2, 3}, {3, 2}), reshaped(to({}), {1, 1}, {}),
                   reshaped(to({1, -1}), {}, {1, 1}), reshaped(to({2, 3}), {2, 3}, {2, 3}),
                   reshaped(to({5, 0}), {0, 2}, {5, 0})}},
        {.name = "expand_dims",
         .cases = {reshaped(expanded(0), {}, {1}), reshaped(expanded(0), {2, 3}, {1, 2, 3}),
                   reshaped(expanded(-1), {2, 3}, {2, 3, 1}), reshaped(expanded(1), {0, 3}, {0, 1, 3})}},
        {.name = "squeeze",
         .cases = {reshaped([](const Tensor& x) { return squeeze(x); }, {1, 2, 1, 3}, {2, 3}),
                   reshaped(squeezed(0), {1, 2}, {2}), reshaped(squeezed(-1), {1, 2, 1}, {1, 2}),
                   reshaped(squeezed(1), {0, 1}, {0})}},
        {.name = "transpose",
         .cases = {transposed(ordered({}), {}, {}), transposed(ordered({}), {5}, {0}),
                   transposed(ordered({}), {2, 3}, {1, 0}), transposed(ordered({}), {2, 3, 4}, {2, 1, 0}),
                   transposed(ordered({1, 2, 0}), {2, 3, 4}, {1, 2, 0}),
                   transposed(ordered({0, -1, 1}), {2, 3, 4}, {0, 2, 1}),
                   transposed(ordered({3, 1, 0, 2}), {2, 1, 3, 2}, {3, 1, 0, 2}),
                   transposed(ordered({1, 0}), {0, 3}, {1, 0})}},
        {.name = "swap_axes",
         .cases = {transposed(swapped(0, 0), {5}, {0}), transposed(swapped(0, 2), {2, 3, 4}, {2, 1, 0}),
                   transposed(swapped(-1, -2), {2, 3, 4}, {0, 2, 1}), transposed(swapped(0, 1), {1, 0}, {1, 0})}},
        {.name = "broadcast_to",
         .cases = {repeated({}, {}), repeated({}, {2, 3}), repeated({3}, {3}), repeated({3}, {2, 3}),
                   repeated({2, 1}, {2, 3}), repeated({2, 1}, {4, 2, 3}), repeated({1, 3, 1}, {2, 3, 2}),
                   repeated({1}, {0}), repeated({2, 1}, {2, 0})}},
        {.name = "products_of_others",
         .cases = {others({1, 1}), others({2, 4}), others({3, 2}), others({2, 0}), others({0, 3})}},
    };
}

}  // namespace weft::testing
