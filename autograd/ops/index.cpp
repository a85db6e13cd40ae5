#include <weft/autograd/kernels/copy.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace weft {
namespace {

// An array around one axis: [outer, n, inner].
struct Around {
    std::int64_t outer = 1, n = 1, inner = 1;
    Around(const Shape& shape, int axis) : n(shape[axis]) {
        for (int i = 0; i < shape.rank(); ++i)
            if (i != axis) (i < axis ? outer : inner) *= shape[i];
    }
};

// Copies `count` positions of an axis from position `from` on in steps of `from_step` to position `to` on.
void copy_positions(const Array& x, int axis, std::int64_t from, std::int64_t from_step, Array& y, std::int64_t to,
                    std::int64_t to_step, std::int64_t count) {
    const Around source(x.shape(), axis), target(y.shape(), axis);
    const std::size_t size = item_size(x.dtype());
    const std::int64_t shape[3] = {source.outer, count, source.inner};
    const std::int64_t source_strides[3] = {source.n * source.inner, from_step * source.inner, 1};
    const std::int64_t target_strides[3] = {target.n * target.inner, to_step * target.inner, 1};
    if (source.outer * count * source.inner == 0) return;
    kernels::strided_copy(size, 3, shape, x.data<std::byte>() + static_cast<std::size_t>(from * source.inner) * size,
                          source_strides, y.data<std::byte>() + static_cast<std::size_t>(to * target.inner) * size,
                          target_strides);
}

// `count` positions of an axis from `begin` on.
Tensor positions(const Tensor& x, int at, std::int64_t begin, std::int64_t count, std::int64_t step) {
    const std::int64_t n = x.shape()[at];
    Array result;
    if (at == 0 && step == 1) {
        result = x.data().rows(begin, begin + count);
    } else {
        Shape shape = x.shape();
        shape[at] = count;
        result = Array(shape, x.dtype());
        copy_positions(x.data(), at, begin, step, result, 0, 1, count);
    }
    return record({std::move(result), "slice"}, {x},
                  [at, n, begin, step](const Tensor& dy) { return embed(dy, at, n, begin, step); });
}

}  // namespace

Tensor slice(const Tensor& x, std::int64_t axis, std::int64_t begin, std::int64_t end, std::int64_t step) {
    const int at = x.shape().axis(axis, "slice");
    if (step <= 0)
        throw ValueError(
            fmt::format("slice: the step must be positive; received {}. flip() turns an axis round.", step));
    const std::int64_t n = x.shape()[at];
    begin = std::clamp<std::int64_t>(begin < 0 ? begin + n : begin, 0, n);
    end = std::clamp<std::int64_t>(end < 0 ? end + n : end, begin, n);
    return positions(x, at, begin, (end - begin + step - 1) / step, step);
}

Tensor embed(const Tensor& x, std::int64_t axis, std::int64_t n, std::int64_t begin, std::int64_t step) {
    const int at = x.shape().axis(axis, "embed");
    Shape shape = x.shape();
    const std::int64_t count = shape[at];
    if (begin < 0 || step < 1 || (count > 0 && begin + (count - 1) * step >= n))
        throw IndexError(fmt::format("embed: {} positions from {} in steps of {} do not lie in an axis of {}", count,
                                     begin, step, n));
    shape[at] = n;
    Array result = zeros_array(shape, x.dtype());
    copy_positions(x.data(), at, 0, 1, result, begin, step, count);
    return record(std::move(result), {x},
                  [at, begin, step, count](const Tensor& dy) { return positions(dy, at, begin, count, step); });
}

Tensor select(const Tensor& x, std::int64_t axis, std::int64_t index) {
    const int at = x.shape().axis(axis, "select");
    const std::int64_t n = x.shape()[at], position = index < 0 ? index + n : index;
    if (position < 0 || position >= n)
        throw IndexError(fmt::format("select: index {} is outside axis {} of {}", index, axis, describe(x)));
    return squeeze(slice(x, at, position, position + 1), at);
}

Tensor flip(const Tensor& x, std::int64_t axis) {
    const int at = x.shape().axis(axis, "flip");
    Array result(x.shape(), x.dtype());
    const std::int64_t n = x.shape()[at];
    if (n > 0) copy_positions(x.data(), at, n - 1, -1, result, 0, 1, n);
    return record(std::move(result), {x}, [at](const Tensor& dy) { return flip(dy, at); });
}

Tensor concat(const Tensors& tensors, std::int64_t axis) {
    if (tensors.empty()) throw ValueError("concat: there is nothing to join; received no tensors");
    const Tensor& first = tensors[0];
    const int at = first.shape().axis(axis, "concat");
    Shape shape = first.shape();
    std::vector<std::int64_t> sizes;
    shape[at] = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const Tensor& x = tensors[i];
        bool fits = x.rank() == first.rank() && x.dtype() == first.dtype();
        for (int k = 0; fits && k < x.rank(); ++k) fits = k == at || x.shape()[k] == first.shape()[k];
        if (!fits)
            throw ShapeError(
                fmt::format("concat: all tensors must agree but for axis {}; received {} first and {} at position {}",
                            at, describe(first), describe(x), i));
        sizes.push_back(x.shape()[at]);
        shape[at] += x.shape()[at];
    }
    Array result(shape, first.dtype());
    std::int64_t to = 0;
    for (const Tensor& x : tensors) {
        copy_positions(x.data(), at, 0, 1, result, to, 1, x.shape()[at]);
        to += x.shape()[at];
    }
    return record_list({std::move(result)}, tensors, [at, sizes](Wanted wanted, const Tensors& dy) {
        Gradients parts(sizes.size());
        std::int64_t from = 0;
        for (std::size_t i = 0; i < sizes.size(); from += sizes[i++])
            if (wanted[i]) parts[i] = slice(dy[0], at, from, from + sizes[i]);
        return parts;
    })[0];
}

Tensor stack(const Tensors& tensors, std::int64_t axis) {
    if (tensors.empty()) throw ValueError("stack: there is nothing to stack; received no tensors");
    Tensors expanded;
    for (const Tensor& x : tensors) {
        if (x.shape() != tensors[0].shape())
            throw ShapeError(fmt::format("stack: all tensors must have one shape; received {} and {}",
                                         describe(tensors[0]), describe(x)));
        expanded.push_back(expand_dims(x, axis));
    }
    return concat(expanded, axis);
}

Tensors unstack(const Tensor& x, std::int64_t axis) {
    const int at = x.shape().axis(axis, "unstack");
    Shape shape = x.shape(), one = shape;
    shape.erase(at);
    one[at] = 1;
    std::vector<Array> parts;
    for (std::int64_t i = 0; i < x.shape()[at]; ++i) {
        if (at == 0) {
            parts.push_back(x.data().rows(i, i + 1).reshaped(shape));
        } else {
            Array part(one, x.dtype());
            copy_positions(x.data(), at, i, 1, part, 0, 1, 1);
            parts.push_back(part.reshaped(shape));
        }
    }
    if (parts.empty()) return {};
    return record_list(std::move(parts), {x}, [at, shape, dtype = x.dtype()](Wanted, const Tensors& dy) {
        Tensors all = dy;
        for (Tensor& part : all)
            if (!part.defined()) part = Tensor(zeros_array(shape, dtype));
        return Gradients{stack(all, at)};
    });
}

Tensors split(const Tensor& x, const std::vector<std::int64_t>& sizes, std::int64_t axis) {
    const int at = x.shape().axis(axis, "split");
    std::int64_t total = 0;
    for (std::int64_t size : sizes) total += size < 0 ? x.shape()[at] + 1 : size;
    if (total != x.shape()[at])
        throw ShapeError(fmt::format("split: the sizes must sum to axis {} of {}; received {}", axis, describe(x),
                                     str(Shape(sizes))));
    Tensors parts;
    std::int64_t from = 0;
    for (std::int64_t size : sizes) {
        parts.push_back(slice(x, at, from, from + size));
        from += size;
    }
    return parts;
}

Tensor pad(const Tensor& x, const Shape& before, const Shape& after, double value) {
    Shape shape = x.shape();
    bool valid = before.rank() == x.rank() && after.rank() == x.rank();
    for (int i = 0; valid && i < x.rank(); ++i) {
        valid = before[i] >= 0 && after[i] >= 0;
        shape[i] += before[i] + after[i];
    }
    if (!valid)
        throw ShapeError(
            fmt::format("pad: expects two sizes, neither negative, for each axis of {}; received {} and {}",
                        describe(x), str(before), str(after)));
    Array result = full_array(shape, value, x.dtype());
    std::array<std::int64_t, Shape::max_rank> from{}, to{};
    std::int64_t source = 1, target = 1, offset = 0;
    for (int i = x.rank() - 1; i >= 0; --i) {
        from[static_cast<std::size_t>(i)] = source;
        to[static_cast<std::size_t>(i)] = target;
        offset += before[i] * target;
        source *= x.shape()[i];
        target *= shape[i];
    }
    if (x.elements() > 0)
        kernels::strided_copy(
            item_size(x.dtype()), x.rank(), x.shape().begin(), x.data().data<std::byte>(), from.data(),
            result.data<std::byte>() + static_cast<std::size_t>(offset) * item_size(x.dtype()), to.data());
    return record(std::move(result), {x}, [before, shape = x.shape()](const Tensor& dy) {
        Tensor part = dy;
        for (int i = 0; i < shape.rank(); ++i) part = slice(part, i, before[i], before[i] + shape[i]);
        return part;
    });
}

namespace {

void check_index(const Tensor& index, std::int64_t n, const char* where, const char* what) {
    if (index.dtype() != int64)
        throw DTypeError(fmt::format("{}: {} must be int64; received {}. Convert them first: x.to(int64).", where, what,
                                     describe(index)));
    const auto values = index.values<std::int64_t>();
    for (std::size_t i = 0; i < values.size(); ++i)
        if (values[i] < 0 || values[i] >= n)
            throw IndexError(fmt::format("{}: {} must lie in 0..{}; received {} at position {} of {}", where, what,
                                         n - 1, values[i], i, describe(index)));
}

}  // namespace

Tensor gather(const Tensor& x, const Tensor& index, std::int64_t axis) {
    const int at = x.shape().axis(axis, "gather");
    const Around around(x.shape(), at);
    check_index(index, around.n, "gather", "indices");
    Shape shape;
    for (int i = 0; i < at; ++i) shape.push_back(x.shape()[i]);
    for (std::int64_t n : index.shape()) shape.push_back(n);
    for (int i = at + 1; i < x.rank(); ++i) shape.push_back(x.shape()[i]);
    Array result(shape, x.dtype());
    const std::size_t row = static_cast<std::size_t>(around.inner) * item_size(x.dtype());
    const std::int64_t count = index.elements();
    for (std::int64_t i = 0; i < around.outer; ++i)
        kernels::gather_rows(x.data().data<std::byte>() + static_cast<std::size_t>(i * around.n) * row,
                             index.data().data<std::int64_t>(), count, row,
                             result.data<std::byte>() + static_cast<std::size_t>(i * count) * row);
    return record(std::move(result), {x},
                  [index = save(index), at, n = around.n](const Tensor& dy) { return scatter_add(dy, index, at, n); });
}

Tensor scatter_add(const Tensor& x, const Tensor& index, std::int64_t axis, std::int64_t n) {
    require_floating(x, "scatter_add");
    check_index(index, n, "scatter_add", "indices");
    const int at = static_cast<int>(axis);
    bool fits = at >= 0 && at + index.rank() <= x.rank();
    for (int i = 0; fits && i < index.rank(); ++i) fits = x.shape()[at + i] == index.shape()[i];
    if (!fits)
        throw ShapeError(fmt::format("scatter_add: from axis {} on {} must have the axes of the index, {}", axis,
                                     describe(x), describe(index)));
    Shape shape;
    std::int64_t outer = 1, inner = 1;
    for (int i = 0; i < at; ++i) {
        shape.push_back(x.shape()[i]);
        outer *= x.shape()[i];
    }
    shape.push_back(n);
    for (int i = at + index.rank(); i < x.rank(); ++i) {
        shape.push_back(x.shape()[i]);
        inner *= x.shape()[i];
    }
    Array result = zeros_array(shape, x.dtype());
    const std::int64_t count = index.elements();
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        for (std::int64_t i = 0; i < outer; ++i)
            kernels::scatter_add_rows(x.data().data<T>() + i * count * inner, index.data().data<std::int64_t>(), count,
                                      inner, result.data<T>() + i * n * inner);
    });
    return record(std::move(result), {x},
                  [index = save(index), at](const Tensor& dy) { return gather(dy, index, at); });
}

Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype) {
    check_index(labels, classes, "one_hot", "labels");
    Shape shape = labels.shape();
    shape.push_back(classes);
    Array result = zeros_array(shape, dtype);
    const auto values = labels.values<std::int64_t>();
    dispatch(dtype, [&]<class T>(T) {
        T* out = result.data<T>();
        for (std::size_t i = 0; i < values.size(); ++i) out[static_cast<std::int64_t>(i) * classes + values[i]] = T{1};
    });
    return Tensor(std::move(result));
}

}  // namespace weft
