#include "op_table.hpp"

#include <weft/autograd/ops/index.hpp>

#include <numeric>

namespace weft::testing {
namespace {

using Op = std::function<Tensor(const Tensor&)>;

Index with(Index index, int axis, std::int64_t at) {
    index[static_cast<std::size_t>(axis)] = at;
    return index;
}

// Positions of one axis: result position i is x's position source(i), or 0 where that is negative.
OpCase positions(Op op, const Shape& from, int axis, std::int64_t count,
                 std::function<std::int64_t(std::int64_t)> source) {
    return one([op](const Tensors& x) { return op(x[0]); }, {spread(from, -2, 2)},
               [axis, count, source](const Plains& x) {
                   Shape to = x[0].shape;
                   to[axis] = count;
                   return generate(to, [&](const Index& i) {
                       const std::int64_t at = source(i[static_cast<std::size_t>(axis)]);
                       return at < 0 ? 0.0 : x[0].at(with(i, axis, at));
                   });
               });
}

OpCase sliced(const Shape& from, int axis, std::int64_t begin, std::int64_t end, std::int64_t step, std::int64_t first,
              std::int64_t count) {
    return positions([=](const Tensor& x) { return slice(x, axis, begin, end, step); }, from,
                     axis < 0 ? axis + from.rank() : axis, count, [=](std::int64_t i) { return first + i * step; });
}

OpCase selected(const Shape& from, int axis, std::int64_t index, std::int64_t at) {
    return one([=](const Tensors& x) { return select(x[0], axis, index); }, {spread(from, -2, 2)},
               [=](const Plains& x) {
                   Shape to = x[0].shape;
                   to.erase(axis);
                   return generate(to, [&](Index i) {
                       i.insert(i.begin() + axis, at);
                       return x[0].at(i);
                   });
               });
}

OpCase flipped(const Shape& from, int axis) {
    const int at = axis < 0 ? axis + from.rank() : axis;
    return positions([=](const Tensor& x) { return flip(x, axis); }, from, at, from[at],
                     [n = from[at]](std::int64_t i) { return n - 1 - i; });
}

OpCase embedded(const Shape& from, int axis, std::int64_t n, std::int64_t begin, std::int64_t step) {
    return positions([=](const Tensor& x) { return embed(x, axis, n, begin, step); }, from, axis, n,
                     [=, count = from[axis]](std::int64_t i) {
                         const std::int64_t k = (i - begin) / step;
                         return i >= begin && (i - begin) % step == 0 && k < count ? k : -1;
                     });
}

Tensors several(const std::vector<Shape>& shapes) {
    Tensors tensors;
    for (const Shape& shape : shapes) tensors.push_back(spread(shape, -2, 2, tensors.size() + 1));
    return tensors;
}

Plain joined(const Plains& parts, int axis) {
    Shape to = parts[0].shape;
    to[axis] = 0;
    for (const Plain& part : parts) to[axis] += part.shape[axis];
    return generate(to, [&](Index i) {
        auto& at = i[static_cast<std::size_t>(axis)];
        std::size_t part = 0;
        while (at >= parts[part].shape[axis]) at -= parts[part++].shape[axis];
        return parts[part].at(i);
    });
}

OpCase concatenated(const std::vector<Shape>& shapes, int axis) {
    return one([=](const Tensors& x) { return concat(x, axis); }, several(shapes),
               [at = axis < 0 ? axis + shapes[0].rank() : axis](const Plains& x) { return joined(x, at); });
}

OpCase stacked(const Shape& shape, std::size_t count, int axis) {
    return one([=](const Tensors& x) { return stack(x, axis); }, several(std::vector<Shape>(count, shape)),
               [at = axis < 0 ? axis + shape.rank() + 1 : axis](Plains x) {
                   for (Plain& part : x) part.shape.insert(at, 1);
                   return joined(x, at);
               });
}

OpCase unstacked(const Shape& from, int axis) {
    return {[=](const Tensors& x) { return unstack(x[0], axis); }, {spread(from, -2, 2)}, [=](const Plains& x) {
                Shape to = from;
                to.erase(axis);
                Plains parts;
                for (std::int64_t i = 0; i < from[axis]; ++i)
                    parts.push_back(generate(to, [&](Index at) {
                        at.insert(at.begin() + axis, i);
                        return x[0].at(at);
                    }));
                return parts;
            }};
}

OpCase parted(const Shape& from, const std::vector<std::int64_t>& sizes, int axis) {
    return {[=](const Tensors& x) { return split(x[0], sizes, axis); }, {spread(from, -2, 2)}, [=](const Plains& x) {
                Plains parts;
                std::int64_t first = 0;
                for (std::int64_t size : sizes) {
                    Shape to = x[0].shape;
                    to[axis] = size;
                    parts.push_back(generate(to, [&](const Index& i) {
                        return x[0].at(with(i, axis, first + i[static_cast<std::size_t>(axis)]));
                    }));
                    first += size;
                }
                return parts;
            }};
}

OpCase padded(const Shape& from, const Shape& before, const Shape& after, double value) {
    return one([=](const Tensors& x) { return pad(x[0], before, after, value); }, {spread(from, -2, 2)},
               [=](const Plains& x) {
                   Shape to = x[0].shape;
                   for (int i = 0; i < to.rank(); ++i) to[i] += before[i] + after[i];
                   return generate(to, [&](Index i) {
                       for (std::size_t k = 0; k < i.size(); ++k) {
                           i[k] -= before[static_cast<int>(k)];
                           if (i[k] < 0 || i[k] >= x[0].shape[static_cast<int>(k)]) return value;
                       }
                       return x[0].at(i);
                   });
               });
}

// Around the axis that the index replaces: the index's own axes stand at [axis, axis + rank).
OpCase gathered(const Shape& from, const Shape& index, int axis) {
    const std::int64_t n = std::max<std::int64_t>(from[axis], 1);
    return one([=](const Tensors& x) { return gather(x[0], x[1], axis); },
               {spread(from, -2, 2), spread_integers(index, n)},
               [=](const Plains& x) {
                   Shape to;
                   for (int i = 0; i < axis; ++i) to.push_back(from[i]);
                   for (std::int64_t size : index) to.push_back(size);
                   for (int i = axis + 1; i < from.rank(); ++i) to.push_back(from[i]);
                   return generate(to, [&](const Index& i) {
                       const Index own(i.begin() + axis, i.begin() + axis + index.rank());
                       Index source(i.begin(), i.begin() + axis);
                       source.push_back(static_cast<std::int64_t>(x[1].at(own)));
                       source.insert(source.end(), i.begin() + axis + index.rank(), i.end());
                       return x[0].at(source);
                   });
               });
}

OpCase scattered(const Shape& from, const Shape& index, int axis, std::int64_t n) {
    return one([=](const Tensors& x) { return scatter_add(x[0], x[1], axis, n); },
               {spread(from, -2, 2), spread_integers(index, n)},
               [=](const Plains& x) {
                   Shape to;
                   for (int i = 0; i < axis; ++i) to.push_back(from[i]);
                   to.push_back(n);
                   for (int i = axis + index.rank(); i < from.rank(); ++i) to.push_back(from[i]);
                   Plain y{to, std::vector<double>(static_cast<std::size_t>(to.elements()), 0.0)};
                   each_index(from, [&](const Index& i) {
                       const Index own(i.begin() + axis, i.begin() + axis + index.rank());
                       Index target(i.begin(), i.begin() + axis);
                       target.push_back(static_cast<std::int64_t>(x[1].at(own)));
                       target.insert(target.end(), i.begin() + axis + index.rank(), i.end());
                       y.at(target) += x[0].at(i);
                   });
                   return y;
               });
}

OpCase marked(const Shape& labels, std::int64_t classes, DType dtype) {
    return one([=](const Tensors& x) { return one_hot(x[0], classes, dtype); }, {spread_integers(labels, classes)},
               [=](const Plains& x) {
                   Shape to = x[0].shape;
                   to.push_back(classes);
                   return generate(to, [&](Index i) {
                       const std::int64_t column = i.back();
                       i.pop_back();
                       return x[0].at(i) == static_cast<double>(column);
                   });
               });
}

}  // namespace

std::vector<OpRow> index_rows() {
    return {
        {.name = "slice",
         .cases = {sliced({7}, 0, 2, 5, 1, 2, 3), sliced({7}, 0, -3, 100, 1, 4, 3), sliced({7}, 0, 1, -1, 2, 1, 3),
                   sliced({3, 5}, 0, 1, 3, 1, 1, 2), sliced({3, 5}, 1, 1, 5, 3, 1, 2),
                   sliced({2, 5, 3}, -2, 0, 5, 2, 0, 3), sliced({3, 5}, 1, 2, 2, 1, 2, 0),
                   sliced({3, 5}, 1, 0, 0, 2, 0, 0), sliced({3, 5}, 0, 5, 9, 3, 3, 0),
                   sliced({0, 2}, 0, 0, 1, 1, 0, 0)}},
        {.name = "select",
         .cases = {selected({4}, 0, 2, 2), selected({3, 5}, 0, -1, 2), selected({3, 5}, 1, 0, 0),
                   selected({2, 3, 4}, 1, 1, 1), selected({3, 0}, 0, 1, 1)}},
        {.name = "flip",
         .cases = {flipped({1}, 0), flipped({5}, 0), flipped({3, 4}, 0), flipped({3, 4}, -1), flipped({2, 3, 2}, 1),
                   flipped({0, 2}, 0)}},
        {.name = "concat",
         .cases = {concatenated({{3}}, 0), concatenated({{3}, {2}}, 0), concatenated({{2, 3}, {2, 1}, {2, 4}}, 1),
                   concatenated({{2, 3}, {1, 3}}, -2), concatenated({{2, 1, 3}, {2, 2, 3}}, 1),
                   concatenated({{0, 2}, {3, 2}}, 0), concatenated({{2, 0}, {2, 0}}, 1)}},
        {.name = "stack",
         .cases = {stacked({}, 3, 0), stacked({3}, 1, 0), stacked({2, 3}, 2, 1), stacked({2, 3}, 3, -1),
                   stacked({0}, 2, 0)}},
        {.name = "unstack",
         .cases = {unstacked({3}, 0), unstacked({2, 3}, 1), unstacked({2, 4, 3}, 1), unstacked({4, 1}, 0)}},
        {.name = "split",
         .cases = {parted({5}, {2, 3}, 0), parted({2, 5}, {1, 0, 4}, 1), parted({3, 2, 2}, {1, 1, 1}, 0),
                   parted({3}, {3}, 0)}},
        {.name = "pad",
         .cases = {padded({}, {}, {}, 1), padded({3}, {1}, {2}, 0), padded({2, 3}, {0, 1}, {2, 0}, -1.5),
                   padded({2, 1, 2}, {1, 0, 2}, {0, 1, 1}, 0), padded({0}, {1}, {1}, 4),
                   padded({2, 0}, {0, 0}, {1, 0}, 4)}},
        {.name = "gather",
         .cases = {gathered({5}, {}, 0), gathered({5}, {7}, 0), gathered({4, 3}, {6}, 0), gathered({4, 3}, {2, 3}, 0),
                   gathered({2, 4, 3}, {5}, 1), gathered({2, 4}, {2, 2}, 1), gathered({4, 3}, {0}, 0),
                   gathered({0, 3}, {0}, 0)}},
        {.name = "one_hot",
         .cases = {marked({}, 3, float64), marked({5}, 4, float32), marked({2, 3}, 3, int64), marked({0}, 3, float64),
                   marked({4}, 1, boolean)},
         .differentiable = false},
        {.name = "embed",
         .cases = {embedded({3}, 0, 7, 2, 1), embedded({3}, 0, 7, 1, 2), embedded({2, 3}, 1, 9, 0, 4),
                   embedded({2, 3, 2}, 0, 2, 0, 1), embedded({0, 2}, 0, 4, 0, 2)}},
        {.name = "scatter_add",
         .cases = {scattered({7}, {7}, 0, 3), scattered({6, 3}, {6}, 0, 4), scattered({2, 3, 2}, {2, 3}, 0, 4),
                   scattered({2, 5, 3}, {5}, 1, 3), scattered({3}, {}, 0, 2), scattered({0, 2}, {0}, 0, 3)}},
    };
}

}  // namespace weft::testing
