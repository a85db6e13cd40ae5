#include "op_table.hpp"

#include <weft/autograd/kernels/random.hpp>
#include <weft/autograd/ops/conv2d.hpp>
#include <weft/autograd/ops/dropout.hpp>
#include <weft/autograd/ops/pool2d.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace weft::testing {
namespace {

// What a window sees of one axis: outputs, and the input position of output o's tap t (which may lie outside).
struct Taps {
    std::int64_t outputs, stride, dilation, before;
    Taps(std::int64_t n, std::int64_t kernel, std::int64_t stride, std::int64_t dilation, Padding padding)
        : stride(stride), dilation(dilation) {
        const std::int64_t extent = (kernel - 1) * dilation + 1;
        outputs = padding == Padding::same ? (n + stride - 1) / stride : (n - extent) / stride + 1;
        before = padding == Padding::same ? std::max<std::int64_t>((outputs - 1) * stride + extent - n, 0) / 2 : 0;
    }
    std::int64_t input(std::int64_t output, std::int64_t tap) const {
        return output * stride + tap * dilation - before;
    }
};

struct Geometry {
    Shape x, weights;
    Conv2dSettings settings = {};
    Taps rows() const { return {x[1], weights[0], settings.strides[0], settings.dilation[0], settings.padding}; }
    Taps columns() const { return {x[2], weights[1], settings.strides[1], settings.dilation[1], settings.padding}; }
    Shape result() const { return {x[0], rows().outputs, columns().outputs, weights[3]}; }

    // Calls f with the indices of every product: y's, x's and the weights'.
    template <class F>
    void each_product(F&& f) const {
        const std::int64_t out_of_group = weights[3] / settings.groups;
        each_index(result(), [&](const Index& y) {
            each_index({weights[0], weights[1], weights[2]}, [&](const Index& tap) {
                const std::int64_t h = rows().input(y[1], tap[0]), w = columns().input(y[2], tap[1]);
                if (h >= 0 && h < x[1] && w >= 0 && w < x[2])
                    f(y, {y[0], h, w, y[3] / out_of_group * weights[2] + tap[2]}, {tap[0], tap[1], tap[2], y[3]});
            });
        });
    }
};

Plain zeros_of(const Shape& shape) {
    return {shape, std::vector<double>(static_cast<std::size_t>(shape.elements()), 0.0)};
}

// An odd kernel and a one-tap one, both paddings, strides that leave a rest, dilation, groups, a single row.
std::vector<Geometry> geometries() {
    return {
        {{1, 1, 1, 1}, {1, 1, 1, 1}},
        {{2, 5, 6, 3}, {3, 3, 3, 4}},
        {{1, 5, 4, 2}, {3, 2, 2, 3}, {.padding = Padding::same}},
        {{1, 7, 6, 2}, {3, 3, 2, 2}, {.strides = {2, 3}}},
        {{1, 6, 5, 2}, {3, 4, 2, 2}, {.strides = {2, 2}, .padding = Padding::same}},
        {{1, 7, 7, 2}, {3, 2, 2, 2}, {.dilation = {2, 3}}},
        {{1, 5, 5, 1}, {3, 3, 1, 2}, {.padding = Padding::same, .dilation = {2, 2}}},
        {{2, 4, 3, 4}, {2, 2, 2, 6}, {.groups = 2}},
        {{1, 4, 4, 3}, {3, 3, 1, 3}, {.padding = Padding::same, .groups = 3}},
        {{2, 3, 4, 5}, {1, 1, 5, 9}},
        {{2, 3, 4, 2}, {1, 1, 2, 3}, {.strides = {2, 2}}},
        {{1, 1, 9, 1}, {1, 3, 1, 17}, {.padding = Padding::same}},
        {{0, 4, 4, 2}, {3, 3, 2, 2}},
    };
}

OpCase convolved(const Geometry& g, bool bias, bool relu) {
    Tensors inputs{spread(g.x, -1, 1, 1), spread(g.weights, -1, 1, 2)};
    if (bias) inputs.push_back(spread({g.weights[3]}, -1, 1, 3));
    Conv2dSettings settings = g.settings;
    settings.activation = relu ? FusedActivation::relu : FusedActivation::none;
    return one([=](const Tensors& t) { return conv2d(t[0], t[1], bias ? t[2] : Tensor(), settings); },
               std::move(inputs),
               [=](const Plains& t) {
                   Plain y = zeros_of(g.result());
                   g.each_product(
                       [&](const Index& at, const Index& x, const Index& w) { y.at(at) += t[0].at(x) * t[1].at(w); });
                   for (std::size_t i = 0; i < y.values.size(); ++i) {
                       if (bias) y.values[i] += t[2].values[i % static_cast<std::size_t>(g.weights[3])];
                       if (relu) y.values[i] = std::max(y.values[i], 0.0);
                   }
                   return y;
               });
}

OpRow conv2d_row() {
    OpRow row{.name = "conv2d", .cases = {}};
    for (const Geometry& g : geometries()) row.cases.push_back(convolved(g, false, false));
    row.cases.push_back(convolved(geometries()[1], true, false));
    row.cases.push_back(convolved(geometries()[4], true, true));
    return row;
}

OpRow data_gradient_row() {
    OpRow row{.name = "conv2d_data_gradient", .cases = {}};
    for (const Geometry& g : geometries())
        row.cases.push_back(one([=](const Tensors& t) { return conv2d_data_gradient(t[0], t[1], g.x, g.settings); },
                                {spread(g.result(), -1, 1, 1), spread(g.weights, -1, 1, 2)}, [=](const Plains& t) {
                                    Plain dx = zeros_of(g.x);
                                    g.each_product([&](const Index& y, const Index& x, const Index& w) {
                                        dx.at(x) += t[0].at(y) * t[1].at(w);
                                    });
                                    return dx;
                                }));
    return row;
}

OpRow weights_gradient_row() {
    OpRow row{.name = "conv2d_weights_gradient", .cases = {}};
    for (const Geometry& g : geometries())
        row.cases.push_back(
            one([=](const Tensors& t) { return conv2d_weights_gradient(t[0], t[1], g.weights, g.settings); },
                {spread(g.x, -1, 1, 1), spread(g.result(), -1, 1, 2)},
                [=](const Plains& t) {
                    Plain dw = zeros_of(g.weights);
                    g.each_product(
                        [&](const Index& y, const Index& x, const Index& w) { dw.at(w) += t[0].at(x) * t[1].at(y); });
                    return dw;
                }));
    return row;
}

template <class F>
OpRow pool_row(const std::string& name, Tensor (*op)(const Tensor&, const Pool2dSettings&), F reference) {
    struct Window {
        Shape x;
        Pool2dSettings settings = {};
    };
    OpRow row{.name = name, .cases = {}};
    for (const auto& [x, settings] :
         {Window{{1, 2, 2, 1}}, Window{{2, 4, 6, 3}}, Window{{1, 5, 5, 2}},
          Window{{1, 5, 5, 2}, {.padding = Padding::same}},
          Window{{1, 6, 7, 2}, {.pool_size = {3, 3}, .strides = {1, 2}}},
          Window{{1, 5, 4, 9}, {.pool_size = {3, 2}, .strides = {2, 3}, .padding = Padding::same}},
          Window{{1, 3, 3, 1}, {.pool_size = {1, 1}, .strides = {2, 2}}},
          Window{{1, 4, 3, 2}, {.pool_size = {4, 3}, .strides = {1, 1}}}, Window{{0, 4, 4, 2}}})
        row.cases.push_back(one([op, settings = settings](const Tensors& t) { return op(t[0], settings); },
                                {spread(x, -2, 2)},
                                [reference, x = x, s = settings](const Plains& t) {
                                    const Taps rows(x[1], s.pool_size[0], s.strides[0], 1, s.padding),
                                        columns(x[2], s.pool_size[1], s.strides[1], 1, s.padding);
                                    return generate({x[0], rows.outputs, columns.outputs, x[3]}, [&](const Index& y) {
                                        std::vector<double> cells;
                                        each_index({s.pool_size[0], s.pool_size[1]}, [&](const Index& tap) {
                                            const std::int64_t h = rows.input(y[1], tap[0]),
                                                               w = columns.input(y[2], tap[1]);
                                            if (h >= 0 && h < x[1] && w >= 0 && w < x[2])
                                                cells.push_back(t[0](y[0], h, w, y[3]));
                                        });
                                        return reference(cells);
                                    });
                                }));
    return row;
}

// Of each 32 elements the first 16 take the lower halves of 16 words of the stream, the others the upper ones.
OpRow dropout_row() {
    OpRow row{.name = "dropout", .cases = {}};
    for (const Shape& shape : {Shape{}, Shape{19}, Shape{3, 5, 2}, Shape{0}})
        for (double rate : {0.0, 0.4})
            row.cases.push_back(one(
                [rate](const Tensors& x) {
                    Generator generator(5, 3);
                    return dropout(x[0], rate, generator);
                },
                {spread(shape, -2, 2)}, [rate](const Plains& x) {
                    Generator generator(5, 3);
                    const Stream stream = generator.next();
                    std::vector<std::uint32_t> words(16);  // no shape above has more than 32 elements
                    kernels::active<kernels::Random>().bits(stream.seed, stream.number, 0, words.data(), 16);
                    std::size_t element = 0;
                    return generate(x[0].shape, [&](const Index& i) {
                        const std::uint32_t word = words[element % 16];
                        const std::uint32_t half = element++ < 16 ? word & 0xffff : word >> 16;
                        return half >= std::round(rate * 65536) ? x[0].at(i) / (1 - rate) : 0;
                    });
                }));
    return row;
}

}  // namespace

std::vector<OpRow> image_rows() {
    return {
        conv2d_row(),
        data_gradient_row(),
        weights_gradient_row(),
        pool_row("max_pool2d", max_pool2d,
                 [](const std::vector<double>& cells) { return *std::max_element(cells.begin(), cells.end()); }),
        pool_row("average_pool2d", average_pool2d,
                 [](const std::vector<double>& cells) {
                     double sum = 0;
                     for (double cell : cells) sum += cell;
                     return sum / static_cast<double>(cells.size());
                 }),
        dropout_row(),
    };
}

}  // namespace weft::testing
