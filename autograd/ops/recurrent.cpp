#include <weft/autograd/grad.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/recurrent.hpp>
#include <weft/autograd/ops/reduce.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft {

void check_recurrent(const RecurrentInputs& inputs, std::int64_t gates, const char* where) {
    const auto& [x, kernel, recurrent_kernel, states, mask] = inputs;
    if (x.rank() != 3 || x.shape(1) == 0)
        throw ShapeError(fmt::format("{}: expects x [batch, time, features] with at least one step; received {}", where,
                                     describe(x)));
    const std::int64_t units = recurrent_kernel.rank() == 2 ? recurrent_kernel.shape(0) : 0;
    if (units == 0 || recurrent_kernel.shape() != Shape{units, gates * units} ||
        kernel.shape() != Shape{x.shape(2), gates * units})
        throw ShapeError(
            fmt::format("{}: expects weights [features, {} units] and [units, {} units]; received {} and {} for {}",
                        where, gates, gates, describe(kernel), describe(recurrent_kernel), describe(x)));
    for (const Tensor* weight : {&kernel, &recurrent_kernel})
        if (weight->dtype() != x.dtype() || !is_floating(x.dtype()))
            throw DTypeError(fmt::format("{}: expects float32 or float64 throughout; received {} and weights {}", where,
                                         describe(x), describe(*weight)));
    for (const Tensor& state : states)
        if (state.defined() && (state.shape() != Shape{x.shape(0), units} || state.dtype() != x.dtype()))
            throw ShapeError(fmt::format("{}: a state must be {} [{}, {}]; received {}", where, name(x.dtype()),
                                         x.shape(0), units, describe(state)));
    if (mask.defined() && (mask.dtype() != boolean || mask.shape() != Shape{x.shape(0), x.shape(1)}))
        throw ShapeError(fmt::format("{}: the mask must be bool [{}, {}], a value for each step of {}; received {}",
                                     where, x.shape(0), x.shape(1), describe(x), describe(mask)));
}

Array input_products(const RecurrentInputs& inputs, const Tensor& bias) {
    const NoGrad off_tape;
    return linear(inputs.x.detach(), inputs.kernel.detach(), bias.defined() ? bias.detach() : bias).data();
}

template <class T>
void recurrent_kernel_gradient(const Array& h, const Tensor& h_first, Array& dz, std::int64_t from,
                               std::int64_t columns, T* gradient, std::int64_t gradient_step) {
    const std::int64_t batch = h.shape()[0], steps = h.shape()[1], units = h.shape()[2], width = dz.shape()[2];
    T* first = dz.data<T>() + from;
    kernels::GemmArguments<T> g;
    g.transpose_a = true;
    g.m = units, g.n = columns;
    g.c = gradient, g.ldc = gradient_step;
    if (h_first.defined()) {
        g.k = batch;
        g.a = h_first.data().data<T>(), g.lda = units;
        g.b = first, g.ldb = steps * width;
        multiply(g);
        g.accumulate = true;
    }
    // One row after another h is the state before dz's next row, but where a sequence begins: that row counts no more.
    for (std::int64_t i = 0; i < batch; ++i) std::fill_n(first + i * steps * width, columns, T(0));
    g.k = std::max<std::int64_t>(batch * steps - 1, 0);
    g.a = h.data<T>(), g.lda = units;
    g.b = first + width, g.ldb = width;
    multiply(g);
}

template void recurrent_kernel_gradient(const Array&, const Tensor&, Array&, std::int64_t, std::int64_t, float*,
                                        std::int64_t);
template void recurrent_kernel_gradient(const Array&, const Tensor&, Array&, std::int64_t, std::int64_t, double*,
                                        std::int64_t);

SavedInputs::SavedInputs(const Tensors& inputs) {
    for (const Tensor& input : inputs) saved_.push_back(input.defined() ? std::optional(save(input)) : std::nullopt);
}

Tensors SavedInputs::get() const {
    Tensors inputs;
    for (const auto& input : saved_) inputs.push_back(input ? input->get() : Tensor());
    return inputs;
}

Gradients input_gradients(const RecurrentInputs& inputs, const Tensor& dz, Wanted wanted) {
    Gradients gradients(4);
    if (wanted[0]) gradients[0] = matrix_product(dz, inputs.kernel, false, true).reshape(inputs.x.shape());
    if (wanted[1]) gradients[1] = matrix_product(inputs.x.reshape({inputs.rows(), inputs.features()}), dz, true, false);
    if (wanted[3]) gradients[3] = sum(dz, {0});
    return gradients;
}

namespace {

// One input may have been made from another, whose gradient is to end here and not to come through that one too.
Tensor behind_a_node(const Tensor& x) {
    return record(x.data(), {x}, [](const Tensor& dy) { return dy; });
}

}  // namespace

Gradients gradients_through(const std::function<Tensors(const Tensors&)>& f, const Tensors& inputs, Wanted wanted,
                            const Tensors& dy) {
    Tensors copies = inputs, asked;
    for (std::size_t i = 0; i < inputs.size(); ++i)
        if (wanted[i]) asked.push_back(copies[i] = behind_a_node(inputs[i]));
    const Tensors results = f(copies);
    Tensors outputs, seeds;
    for (std::size_t i = 0; i < results.size(); ++i)
        if (dy[i].defined() && results[i].requires_grad()) {
            outputs.push_back(results[i]);
            seeds.push_back(dy[i]);
        }
    const Tensors found = grad(outputs, asked, {.create_graph = true, .grad_outputs = seeds, .allow_unused = true});
    Gradients gradients(inputs.size());
    for (std::size_t i = 0, next = 0; i < inputs.size(); ++i)
        if (wanted[i]) gradients[i] = found[next++];
    return gradients;
}

}  // namespace weft
