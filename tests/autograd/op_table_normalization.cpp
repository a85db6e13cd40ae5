#include "op_table.hpp"

#include <weft/autograd/ops/normalization.hpp>

#include <cmath>
#include <map>

namespace weft::testing {
namespace {

using Position = std::size_t (*)(const Index& index, const Shape& shape, std::int64_t n);

// Normalizes what has the same `unit` and scales by what lies at `channel`; n is the op's own number.
Plain normalized(const Plains& t, std::int64_t n, double epsilon, Position unit, Position channel) {
    struct Sums {
        double count = 0, mean = 0, variance = 0;
    };
    std::map<std::size_t, Sums> units;
    const Shape& shape = t[0].shape;
    const auto of = [&](const Index& i) -> Sums& { return units[unit(i, shape, n)]; };
    each_index(shape, [&](const Index& i) { of(i).count += 1, of(i).mean += t[0].at(i); });
    for (auto& [key, sums] : units) sums.mean /= sums.count;
    each_index(shape, [&](const Index& i) { of(i).variance += std::pow(t[0].at(i) - of(i).mean, 2) / of(i).count; });
    return generate(shape, [&](const Index& i) {
        const double value = (t[0].at(i) - of(i).mean) / std::sqrt(of(i).variance + epsilon);
        const std::size_t c = channel(i, shape, n);
        return value * (t.size() > 1 ? t[1].values[c] : 1) + (t.size() > 2 ? t[2].values[c] : 0);
    });
}

std::size_t last(const Index& i, const Shape&, std::int64_t) { return static_cast<std::size_t>(i.back()); }
// The position among the last n axes, and among those before.
std::size_t within(const Index& i, const Shape& shape, std::int64_t n) {
    std::size_t at = 0;
    for (std::size_t k = i.size() - static_cast<std::size_t>(n); k < i.size(); ++k)
        at = at * static_cast<std::size_t>(shape[static_cast<int>(k)]) + static_cast<std::size_t>(i[k]);
    return at;
}
std::size_t before(const Index& i, const Shape& shape, std::int64_t n) {
    std::size_t at = 0;
    for (std::size_t k = 0; k < i.size() - static_cast<std::size_t>(n); ++k)
        at = at * static_cast<std::size_t>(shape[static_cast<int>(k)]) + static_cast<std::size_t>(i[k]);
    return at;
}
std::size_t group(const Index& i, const Shape& shape, std::int64_t n) {
    return static_cast<std::size_t>(i[0] * n + i.back() / (shape.back() / n));
}

Tensors inputs(const Shape& x, const Shape& channels, int count) {
    Tensors all{spread(x, -2, 3, 1), spread(channels, 0.5, 2, 2), spread(channels, -1, 1, 3)};
    all.resize(static_cast<std::size_t>(count));
    return all;
}

Tensor given(const Tensors& t, std::size_t i) { return i < t.size() ? t[i] : Tensor(); }

OpRow batch_norm_row() {
    OpRow row{.name = "batch_norm", .cases = {}};
    for (int count : {3, 2, 1})
        for (const Shape& x : {Shape{2, 1}, Shape{7, 3}, Shape{2, 3, 2, 5}, Shape{40, 2}, Shape{3, 17}})
            row.cases.push_back(one([](const Tensors& t) { return batch_norm(t[0], given(t, 1), given(t, 2), 0.1); },
                                    inputs(x, {x.back()}, count),
                                    [](const Plains& t) { return normalized(t, 0, 0.1, last, last); }));
    return row;
}

OpRow layer_norm_row() {
    OpRow row{.name = "layer_norm", .cases = {}};
    for (int count : {3, 2, 1})
        for (int axes : {1, 2})
            for (const Shape& x : {Shape{2, 2}, Shape{3, 7}, Shape{2, 3, 19}}) {
                Shape channels;
                for (int i = x.rank() - axes; i < x.rank(); ++i) channels.push_back(x[i]);
                row.cases.push_back(
                    one([axes](const Tensors& t) { return layer_norm(t[0], given(t, 1), given(t, 2), 0.1, axes); },
                        inputs(x, channels, count),
                        [axes](const Plains& t) { return normalized(t, axes, 0.1, before, within); }));
            }
    return row;
}

OpRow group_norm_row() {
    OpRow row{.name = "group_norm", .cases = {}};
    for (int count : {3, 1})
        for (const auto& [x, groups] :
             {std::pair<Shape, std::int64_t>{{2, 4}, 2}, {{2, 3, 6}, 3}, {{2, 2, 2, 5}, 5}, {{3, 4, 3}, 1}})
            row.cases.push_back(one(
                [groups = groups](const Tensors& t) { return group_norm(t[0], groups, given(t, 1), given(t, 2), 0.1); },
                inputs(x, {x.back()}, count),
                [groups = groups](const Plains& t) { return normalized(t, groups, 0.1, group, last); }));
    return row;
}

OpRow scale_shift_row() {
    OpRow row{.name = "scale_shift", .cases = {}};
    for (const Shape& x : {Shape{4}, Shape{7, 3}, Shape{2, 3, 17}, Shape{0, 3}})
        row.cases.push_back(one([](const Tensors& t) { return scale_shift(t[0], t[1], t[2]); },
                                inputs(x, {x.back()}, 3),
                                [](const Plains& t) {
                                    return generate(t[0].shape, [&](const Index& i) {
                                        const std::size_t c = last(i, t[0].shape, 0);
                                        return t[0].at(i) * t[1].values[c] + t[2].values[c];
                                    });
                                }));
    return row;
}

}  // namespace

std::vector<OpRow> normalization_rows() {
    return {batch_norm_row(), layer_norm_row(), group_norm_row(), scale_shift_row()};
}

}  // namespace weft::testing
