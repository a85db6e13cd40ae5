#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/record.hpp>
#include <weft/autograd/transforms.hpp>

#include <fmt/core.h>

namespace weft {
namespace {

// The inputs as variables of their own: what f knows of them otherwise does not count.
Tensors variables(const Tensors& inputs, const TransformOptions& options, const char* where) {
    Tensors found;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Tensor& x = inputs[i];
        if (!is_floating(x.dtype()))
            throw DTypeError(
                fmt::format("{}: input {} must be float32 or float64 to have a derivative; received {}. Capture it in "
                            "the function instead.",
                            where, i, describe(x)));
        if (options.create_graph && x.requires_grad())
            found.push_back(record({Array(x.data()), where}, {x}, [](const Tensor& dy) { return dy; }));
        else found.push_back(x.detach().set_requires_grad());
    }
    return found;
}

void check_count(const Tensors& given, std::size_t wanted, const char* what, const char* where) {
    if (given.size() != wanted)
        throw ValueError(
            fmt::format("{}: needs a tensor for each of the {} {}; received {}", where, wanted, what, given.size()));
}

// grad, with zeros where an input has no influence and for results that depend on nothing.
Tensors gradients(const Tensors& outputs, const Tensors& inputs, const Tensors& seeds, bool create_graph,
                  bool retain_graph) {
    Tensors reached, their_seeds;
    for (std::size_t k = 0; k < outputs.size(); ++k)
        if (outputs[k].requires_grad()) reached.push_back(outputs[k]), their_seeds.push_back(seeds[k]);
    Tensors found(inputs.size());
    if (!reached.empty())
        found = grad(reached, inputs,
                     {.create_graph = create_graph,
                      .retain_graph = retain_graph,
                      .grad_outputs = their_seeds,
                      .allow_unused = true});
    for (std::size_t i = 0; i < inputs.size(); ++i)
        if (!found[i].defined()) found[i] = zeros_like(inputs[i]);
    return found;
}

Tensors finished(Tensors results, const TransformOptions& options) {
    if (!options.create_graph)
        for (Tensor& result : results) result = result.detach();
    return results;
}

Tensor single_number(const Tensors& values, const char* where) {
    if (values.size() != 1 || values[0].elements() != 1)
        throw ShapeError(fmt::format(
            "{}: the function must give a single number; received {} results, the first {}. Take sum() or mean().",
            where, values.size(), values.empty() ? "missing" : describe(values[0])));
    return values[0];
}

Tensor joined(const Tensors& rows, const Shape& outer, const Tensor& input) {
    Shape shape = outer;
    for (std::int64_t n : input.shape()) shape.push_back(n);
    return rows.empty() ? zeros(shape, input.dtype()) : stack(rows).reshape(shape);
}

// The derivatives of every element of y by the variables.
Tensors all_derivatives(const Tensor& y, const Tensors& x, const TransformOptions& options) {
    std::vector<Tensors> rows(x.size());
    for (std::int64_t k = 0; k < y.elements(); ++k) {
        Array one = zeros_array(y.shape(), y.dtype());
        dispatch_floating(y.dtype(), [&]<class T>(T) { one.data<T>()[k] = 1; });
        const Tensors row = gradients({y}, x, {Tensor(std::move(one))}, options.create_graph, true);
        for (std::size_t i = 0; i < x.size(); ++i) rows[i].push_back(row[i]);
    }
    Tensors found;
    for (std::size_t i = 0; i < x.size(); ++i) found.push_back(joined(rows[i], y.shape(), x[i]));
    return finished(std::move(found), options);
}

}  // namespace

std::pair<Tensors, Tensors> vjp(const TensorFunction& f, const Tensors& inputs, const Tensors& dy,
                                const TransformOptions& options) {
    const EnableGrad recording;
    const Tensors x = variables(inputs, options, "vjp"), y = f(x);
    check_count(dy, y.size(), "results", "vjp");
    return {finished(y, options), finished(gradients(y, x, dy, options.create_graph, options.create_graph), options)};
}

std::pair<Tensors, Tensors> jvp(const TensorFunction& f, const Tensors& inputs, const Tensors& tangents,
                                const TransformOptions& options) {
    check_count(tangents, inputs.size(), "inputs", "jvp");
    const EnableGrad recording;
    const Tensors x = variables(inputs, options, "jvp"), y = f(x);
    Tensors dy;
    for (const Tensor& each : y) dy.push_back(zeros_like(each).set_requires_grad(is_floating(each.dtype())));
    const Tensors dx = gradients(y, x, dy, true, true);
    Tensors directions;
    for (std::size_t k = 0; k < y.size(); ++k)
        directions.push_back(dy[k].requires_grad() ? gradients(dx, {dy[k]}, tangents, options.create_graph, true)[0]
                                                   : dy[k]);
    return {finished(y, options), finished(directions, options)};
}

std::vector<Tensors> jacobian(const TensorFunction& f, const Tensors& inputs, const TransformOptions& options) {
    const EnableGrad recording;
    const Tensors x = variables(inputs, options, "jacobian");
    std::vector<Tensors> found;
    for (const Tensor& y : f(x)) found.push_back(all_derivatives(y, x, options));
    return found;
}

std::vector<Tensors> hessian(const TensorFunction& f, const Tensors& inputs, const TransformOptions& options) {
    const EnableGrad recording;
    const Tensors x = variables(inputs, options, "hessian");
    const Tensor y = single_number(f(x), "hessian");
    std::vector<Tensors> found;
    for (const Tensor& slope : gradients({y}, x, {ones_like(y)}, true, true))
        found.push_back(all_derivatives(slope, x, options));
    return found;
}

std::pair<Tensor, Tensors> hvp(const TensorFunction& f, const Tensors& inputs, const Tensors& vectors,
                               const TransformOptions& options) {
    check_count(vectors, inputs.size(), "inputs", "hvp");
    const EnableGrad recording;
    const Tensors x = variables(inputs, options, "hvp");
    const Tensor y = single_number(f(x), "hvp");
    const Tensors slopes = gradients({y}, x, {ones_like(y)}, true, true);
    return {finished({y}, options)[0],
            finished(gradients(slopes, x, vectors, options.create_graph, options.create_graph), options)};
}

}  // namespace weft
