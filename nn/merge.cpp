#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/nn/mask.hpp>
#include <weft/nn/merge.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/targets.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace weft::nn {
namespace {

std::string list(const Shapes& shapes) {
    std::string text;
    for (const Shape& shape : shapes) text += (text.empty() ? "" : " and ") + str(shape);
    return text;
}

// With axes of 1 behind the batch until there are so many.
Shape of_rank(Shape shape, int rank) {
    while (shape.rank() < rank) shape.insert(1, 1);
    return shape;
}

Tensor either(const Tensor& a, const Tensor& b) { return where(a, a, b); }

// Where any of them counts; undefined unless each has a mask.
Tensor any_mask(const Tensors& inputs) {
    Tensor all;
    for (const Tensor& input : inputs) {
        const Tensor mask = mask_of(input);
        if (!mask.defined()) return {};
        all = all.defined() ? either(all, mask) : mask;
    }
    return all;
}

Tensor counts(const Tensor& x) {
    const Tensor mask = mask_of(x);
    return mask.defined() ? aligned_left(mask, x.shape(), "mask") : mask;
}

Tensor total(const Tensors& inputs) {
    Tensor sum = inputs[0];
    for (std::size_t i = 1; i < inputs.size(); ++i) sum = sum + inputs[i];
    return sum;
}

Tensor product(const Tensors& inputs) {
    Tensor result;
    for (const Tensor& input : inputs) {
        const Tensor mask = counts(input);
        const Tensor factor = mask.defined() ? where(mask, input, 1) : input;
        result = result.defined() ? result * factor : factor;
    }
    const Tensor mask = any_mask(inputs);
    return mask.defined() ? where(aligned_left(mask, result.shape(), "mask"), result, 0) : result;
}

template <Tensor (*op)(const Tensor&, const Tensor&)>
Tensor extreme(const Tensors& inputs) {
    Tensor result = inputs[0], result_counts = counts(inputs[0]);
    for (std::size_t i = 1; i < inputs.size(); ++i) {
        Tensor input = inputs[i];
        const Tensor mask = counts(input);
        if (mask.defined()) input = where(mask, input, result);
        if (result_counts.defined()) result = where(result_counts, result, input);
        result_counts = mask.defined() && result_counts.defined() ? either(result_counts, mask) : Tensor();
        result = op(result, input);
    }
    return result;
}

}  // namespace

detail::Merge::Merge(const char* class_name, Op op, const MergeOptions& options, std::size_t inputs)
    : class_name_(class_name), op_(op), inputs_(inputs) {
    set_common(options.name, {});
    nothing_to_build();
}

void detail::Merge::check_count(std::size_t inputs) const {
    if (inputs_ != 0 && inputs != inputs_)
        throw ValueError(
            fmt::format("{}: takes {} inputs, as in layer({{a, b}}); received {}", label(), inputs_, inputs));
}

Shapes detail::Merge::output_shapes(const Shapes& inputs) {
    check_count(inputs.size());
    int rank = 0;
    for (const Shape& input : inputs) rank = std::max(rank, input.rank());
    Shape result = of_rank(inputs[0], rank);
    for (const Shape& input : inputs) {
        const Shape shape = of_rank(input, rank);
        for (int i = 0; i < rank; ++i) {
            const bool equal = shape[i] == result[i] || shape[i] == None || result[i] == None;
            if (!equal && (i == 0 || (shape[i] != 1 && result[i] != 1)))
                throw ShapeError(fmt::format("{}: the inputs must have the same shape, or axes of 1; received {}",
                                             label(), list(inputs)));
            if (i == 0) result[i] = result[i] == None ? shape[i] : result[i];
            else if (result[i] == 1) result[i] = shape[i];
            else if (shape[i] == None) result[i] = None;
        }
    }
    return {result};
}

Tensors detail::Merge::call(const Tensors& inputs) {
    Shapes shapes;
    for (const Tensor& input : inputs) shapes.push_back(input.shape());
    const int rank = output_shapes(shapes)[0].rank();
    Tensors arguments = inputs;
    for (Tensor& argument : arguments) {
        if (argument.rank() == rank) continue;
        const Tensor mask = mask_of(argument);
        argument = argument.reshape(of_rank(argument.shape(), rank));
        if (mask.defined()) set_mask(argument, mask);
    }
    Tensor result = op_(arguments);
    if (const Tensor mask = any_mask(inputs); mask.defined() && inputs.size() > 1) set_mask(result, mask);
    return {result};
}

Add::Add(const MergeOptions& options) : Merge("Add", total, options) {}
Subtract::Subtract(const MergeOptions& options)
    : Merge("Subtract", [](const Tensors& x) { return x[0] - x[1]; }, options, 2) {}
Multiply::Multiply(const MergeOptions& options) : Merge("Multiply", product, options) {}
Average::Average(const MergeOptions& options)
    : Merge("Average", [](const Tensors& x) { return total(x) / static_cast<double>(x.size()); }, options) {}
Maximum::Maximum(const MergeOptions& options) : Merge("Maximum", extreme<maximum>, options) {}
Minimum::Minimum(const MergeOptions& options) : Merge("Minimum", extreme<minimum>, options) {}

Concatenate::Concatenate(const ConcatenateOptions& options) : axis_(options.axis) {
    set_common(options.name, {});
    nothing_to_build();
}

Shapes Concatenate::output_shapes(const Shapes& inputs) {
    Shape result = inputs[0];
    const int axis = result.axis(axis_, "Concatenate");
    for (std::size_t k = 1; k < inputs.size(); ++k) {
        bool fits = inputs[k].rank() == result.rank();
        for (int i = 0; fits && i < result.rank(); ++i)
            fits = i == axis || inputs[k][i] == result[i] || inputs[k][i] == None || result[i] == None;
        if (!fits)
            throw ShapeError(
                fmt::format("{}: all axes but number {} must be equal; received {}", label(), axis, list(inputs)));
        for (int i = 0; i < result.rank(); ++i) {
            if (i == axis) result[i] = result[i] == None || inputs[k][i] == None ? None : result[i] + inputs[k][i];
            else if (result[i] == None) result[i] = inputs[k][i];
        }
    }
    return {result};
}

Tensors Concatenate::call(const Tensors& inputs) {
    Shapes shapes;
    for (const Tensor& input : inputs) shapes.push_back(input.shape());
    const int axis = output_shapes(shapes)[0].axis(axis_, "Concatenate");
    Tensor result = concat(inputs, axis_);
    Tensors masks;  // what has none counts everywhere
    bool any = false;
    for (const Tensor& input : inputs) {
        masks.push_back(mask_of(input));
        any = any || masks.back().defined();
    }
    if (any && result.rank() > 2) {
        for (std::size_t i = 0; i < masks.size(); ++i)
            if (!masks[i].defined()) masks[i] = full({inputs[i].shape(0), inputs[i].shape(1)}, 1, boolean);
        Tensor mask = masks[0];
        for (std::size_t i = 1; axis > 1 && i < masks.size(); ++i) mask = either(mask, masks[i]);
        set_mask(result, axis > 1 ? mask : concat(masks, axis));
    }
    return {result};
}

nlohmann::json Concatenate::config() const { return {{"axis", axis_}}; }

Dot::Dot(const std::array<std::int64_t, 2>& axes, const DotOptions& options)
    : axes_(axes), normalize_(options.normalize) {
    set_common(options.name, {});
    nothing_to_build();
    if (axes[0] == 0 || axes[1] == 0)
        throw ValueError(
            fmt::format("{}: the axes cannot be 0, the batch; received {} and {}", label(), axes[0], axes[1]));
}

std::array<int, 2> Dot::axes_of(const Shape& a, const Shape& b) const {
    const std::string where = label();
    const std::array<int, 2> axes{a.axis(axes_[0], where.c_str()), b.axis(axes_[1], where.c_str())};
    const std::int64_t m = a[axes[0]], n = b[axes[1]];
    if (a.rank() < 2 || b.rank() < 2 || axes[0] == 0 || axes[1] == 0 || (m != n && m != None && n != None))
        throw ShapeError(
            fmt::format("{}: expects two inputs [batch, ...] of equal length along axes {} and {}; received {} and {}",
                        where, axes_[0], axes_[1], str(a), str(b)));
    return axes;
}

Shapes Dot::output_shapes(const Shapes& inputs) {
    if (inputs.size() != 2)
        throw ValueError(fmt::format("{}: takes 2 inputs, as in layer({{a, b}}); received {}", label(), inputs.size()));
    const auto axes = axes_of(inputs[0], inputs[1]);
    Shape result{inputs[0][0] == None ? inputs[1][0] : inputs[0][0]};
    for (std::size_t k : {0, 1})
        for (int i = 1; i < inputs[k].rank(); ++i)
            if (i != axes[k]) result.push_back(inputs[k][i]);
    if (result.rank() == 1) result.push_back(1);
    return {result};
}

Tensors Dot::call(const Tensors& inputs) {
    const Shape result = output_shapes({inputs[0].shape(), inputs[1].shape()})[0];
    const auto axes = axes_of(inputs[0].shape(), inputs[1].shape());
    Tensors rows;  // [batch, what stays, what is summed]
    for (std::size_t k : {0, 1}) {
        std::vector<std::int64_t> order;
        for (int i = 0; i < inputs[k].rank(); ++i)
            if (i != axes[k]) order.push_back(i);
        order.push_back(axes[k]);
        Tensor x = axes[k] == inputs[k].rank() - 1 ? inputs[k] : transpose(inputs[k], order);
        const std::int64_t length = x.shape(-1);
        x = x.reshape(
            {x.shape(0), length == 0 ? 0 : x.elements() / std::max<std::int64_t>(1, x.shape(0) * length), length});
        if (normalize_) x = x * rsqrt(maximum(sum(square(x), {-1}, true), 1e-14));  // as Keras, whose epsilon is 1e-7
        rows.push_back(x);
    }
    return {matrix_product(rows[0], rows[1], false, true).reshape(result)};
}

nlohmann::json Dot::config() const {
    nlohmann::json axes = axes_;
    if (axes_[0] == axes_[1]) axes = axes_[0];
    return {{"axes", axes}, {"normalize", normalize_}};
}

Symbol operator+(const Symbol& a, const Symbol& b) { return Add()({a, b}); }
Symbol operator-(const Symbol& a, const Symbol& b) { return Subtract()({a, b}); }
Symbol operator*(const Symbol& a, const Symbol& b) { return Multiply()({a, b}); }

namespace {

template <class M>
Layer merge_layer(const nlohmann::json&) {
    return M();
}

const bool merge_registered[] = {
    register_layer("Add", merge_layer<Add>),
    register_layer("Subtract", merge_layer<Subtract>),
    register_layer("Multiply", merge_layer<Multiply>),
    register_layer("Average", merge_layer<Average>),
    register_layer("Maximum", merge_layer<Maximum>),
    register_layer("Minimum", merge_layer<Minimum>),
    register_layer("Concatenate",
                   [](const nlohmann::json& c) -> Layer { return Concatenate({.axis = config_int(c, "axis", -1)}); }),
    register_layer("Dot",
                   [](const nlohmann::json& c) -> Layer {
                       const auto axes = config_ints(c, "axes", 2);
                       if (axes.size() != 2) throw ValueError("Dot: its axes are one or two whole numbers");
                       return Dot(std::array{axes[0], axes[1]}, {.normalize = config_bool(c, "normalize", false)});
                   }),
};

}  // namespace

}  // namespace weft::nn
