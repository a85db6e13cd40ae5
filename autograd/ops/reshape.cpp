#include <weft/autograd/kernels/copy.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace weft {

Tensor reshape(const Tensor& x, const Shape& wanted) {
    Shape shape = wanted;
    std::int64_t known = 1;
    int open = -1;
    bool valid = true;
    for (int i = 0; i < shape.rank(); ++i) {
        if (shape[i] == -1 && open < 0) open = i;
        else if (shape[i] < 0) valid = false;
        else known *= shape[i];
    }
    if (valid && open >= 0) {
        valid = known > 0 && x.elements() % known == 0;
        if (valid) shape[open] = x.elements() / known;
    }
    if (!valid || shape.elements() != x.elements())
        throw ShapeError(
            fmt::format("reshape: the new shape must hold as many elements, at most one axis being -1; received {} ({} "
                        "elements) for {}",
                        describe(x), x.elements(), str(wanted)));
    if (shape == x.shape()) return x;
    const Shape before = x.shape();
    return record(x.data().reshaped(shape), {x}, [before](const Tensor& dy) { return reshape(dy, before); });
}

Tensor Tensor::reshape(const Shape& shape) const { return weft::reshape(*this, shape); }

Tensor expand_dims(const Tensor& x, std::int64_t axis) {
    Shape shape = x.shape();
    const std::int64_t rank = shape.rank() + 1, at = axis < 0 ? axis + rank : axis;
    if (at < 0 || at >= rank)
        throw IndexError(fmt::format("expand_dims: axis {} is outside the {} axes of the result; received {}", axis,
                                     rank, describe(x)));
    shape.insert(static_cast<int>(at), 1);
    return reshape(x, shape);
}

Tensor squeeze(const Tensor& x) {
    Shape shape;
    for (std::int64_t n : x.shape())
        if (n != 1) shape.push_back(n);
    return reshape(x, shape);
}

Tensor squeeze(const Tensor& x, std::int64_t axis) {
    Shape shape = x.shape();
    const int at = shape.axis(axis, "squeeze");
    if (shape[at] != 1)
        throw ShapeError(fmt::format("squeeze: axis {} must have size 1; received {}", axis, describe(x)));
    shape.erase(at);
    return reshape(x, shape);
}

namespace {

std::array<std::int64_t, Shape::max_rank> strides_of(const Shape& shape) {
    std::array<std::int64_t, Shape::max_rank> strides{};
    std::int64_t stride = 1;
    for (int i = shape.rank() - 1; i >= 0; --i) {
        strides[static_cast<std::size_t>(i)] = stride;
        stride *= shape[i];
    }
    return strides;
}

}  // namespace

Tensor transpose(const Tensor& x, const std::vector<std::int64_t>& order) {
    const auto rank = static_cast<std::size_t>(x.rank());
    std::vector<std::int64_t> axes = order;
    if (order.empty()) {
        axes.resize(rank);
        std::iota(axes.rbegin(), axes.rend(), 0);
    }
    std::vector<std::int64_t> back(rank, -1);
    bool valid = axes.size() == rank;
    for (std::size_t i = 0; valid && i < rank; ++i) {
        axes[i] = x.shape().axis(axes[i], "transpose");
        valid = back[static_cast<std::size_t>(axes[i])] < 0;
        back[static_cast<std::size_t>(axes[i])] = static_cast<std::int64_t>(i);
    }
    if (!valid)
        throw ValueError(fmt::format("transpose: the order must name each of the {} axes once; received {} for {}",
                                     rank, str(Shape(order)), describe(x)));

    Shape shape;
    std::array<std::int64_t, Shape::max_rank> source{};
    const auto strides = strides_of(x.shape());
    for (std::size_t i = 0; i < rank; ++i) {
        shape.push_back(x.shape()[static_cast<int>(axes[i])]);
        source[i] = strides[static_cast<std::size_t>(axes[i])];
    }
    Array result(shape, x.dtype());
    kernels::strided_copy(item_size(x.dtype()), x.rank(), shape.begin(), x.data().data<std::byte>(), source.data(),
                          result.data<std::byte>(), strides_of(shape).data());
    return record(std::move(result), {x}, [back](const Tensor& dy) { return transpose(dy, back); });
}

Tensor swap_axes(const Tensor& x, std::int64_t a, std::int64_t b) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(x.rank()));
    std::iota(order.begin(), order.end(), 0);
    std::swap(order[static_cast<std::size_t>(x.shape().axis(a, "swap_axes"))],
              order[static_cast<std::size_t>(x.shape().axis(b, "swap_axes"))]);
    return transpose(x, order);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
    if (x.shape() == shape) return x;
    if (!broadcasts_to(x.shape(), shape))
        throw ShapeError(fmt::format(
            "broadcast_to: {} does not broadcast to {}: each axis, counted from the last, must be equal or 1",
            describe(x), str(shape)));
    std::array<std::int64_t, Shape::max_rank> source{};
    const auto strides = strides_of(x.shape());
    const int ahead = shape.rank() - x.rank();
    for (int i = 0; i < x.rank(); ++i)
        source[static_cast<std::size_t>(ahead + i)] = x.shape()[i] == 1 ? 0 : strides[static_cast<std::size_t>(i)];
    Array result(shape, x.dtype());
    kernels::strided_copy(item_size(x.dtype()), shape.rank(), shape.begin(), x.data().data<std::byte>(), source.data(),
                          result.data<std::byte>(), strides_of(shape).data());
    const Shape before = x.shape();
    return record(std::move(result), {x}, [before](const Tensor& dy) { return sum_to(dy, before); });
}

Tensor products_of_others(const Tensor& x) {
    const std::int64_t n = x.shape(1);
    const Tensor one = Tensor(full_array({x.shape(0), 1}, 1, x.dtype()));
    Tensors left{one}, right{one};
    for (std::int64_t i = 0; i + 1 < n; ++i) {
        left.push_back(left.back() * slice(x, 1, i, i + 1));
        right.push_back(right.back() * slice(x, 1, n - 1 - i, n - i));
    }
    Tensors columns;
    for (std::int64_t i = 0; i < n; ++i)
        columns.push_back(left[static_cast<std::size_t>(i)] * right[static_cast<std::size_t>(n - 1 - i)]);
    return n == 0 ? x : concat(columns, 1);
}

}  // namespace weft
