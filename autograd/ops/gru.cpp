#include <weft/autograd/kernels/gru.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/gate_products.hpp>
#include <weft/autograd/ops/gru.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/recurrent.hpp>
#include <weft/autograd/ops/reduce.hpp>

#include <fmt/core.h>

namespace weft {
namespace {

void run(const kernels::GruForward<float>& s) { kernels::active<kernels::Gru>().forward_f32(s); }
void run(const kernels::GruForward<double>& s) { kernels::active<kernels::Gru>().forward_f64(s); }
void run(const kernels::GruBackward<float>& s) { kernels::active<kernels::Gru>().backward_f32(s); }
void run(const kernels::GruBackward<double>& s) { kernels::active<kernels::Gru>().backward_f64(s); }

// The bias of x W, and that of h R: undefined if there is none.
Tensor input_bias(const Tensor& bias, bool reset_after) {
    return bias.defined() && reset_after ? select(bias, 0, 0) : bias;
}
Tensor recurrent_bias(const Tensor& bias, bool reset_after) {
    return bias.defined() && reset_after ? select(bias, 0, 1) : Tensor();
}

Tensors by_steps(const Tensors& inputs, const Tensor& mask, bool reset_after) {
    const Tensor &x = inputs[0], &recurrent = inputs[2], &bias = inputs[3];
    const Tensor h = inputs[4].defined() ? inputs[4] : zeros({x.shape(0), recurrent.shape(0)}, x.dtype());
    const Tensor of_h = recurrent_bias(bias, reset_after);
    const auto step = [&](const Tensor& a, const Tensors& states) {
        const Tensor next = gru_step(a, states[0], recurrent, of_h, reset_after);
        return Tensors{next, next};
    };
    return scan(linear(x, inputs[1], input_bias(bias, reset_after)), {h}, mask, step, h);
}

// What the kernel leaves for the derivative.
struct KeptOfGru {
    Array gates, inner;
};

template <class T>
Gradients fused_gradients(const RecurrentInputs& in, bool reset_after, const KeptOfGru& kept, const Array& h,
                          Wanted wanted, const Tensors& dy) {
    const std::int64_t batch = in.batch(), units = in.units(), rows = in.rows(), features = in.features();
    const std::int64_t width = (reset_after ? 4 : 3) * units, gates = 3 * units;
    const DType dtype = in.x.dtype();
    Array da({batch, in.steps(), width}, dtype), dh_first({batch, units}, dtype);
    kernels::GruBackward<T> s;
    s.batch = batch, s.steps = in.steps(), s.units = units, s.reset_after = reset_after;
    s.recurrent_kernel = in.recurrent_kernel.data().data<T>();
    s.h_first = data_or_null<T>(in.states[0]);
    s.mask = data_or_null<bool>(in.mask);
    s.gates = kept.gates.data<T>(), s.h = h.data<T>(), s.inner = kept.inner.data<T>();
    s.dh = data_or_null<T>(dy[0]), s.dh_last = data_or_null<T>(dy[1]);
    s.da = da.data<T>(), s.dh_first = dh_first.data<T>();
    run(s);

    Gradients gradients(5);
    kernels::GemmArguments<T> g;
    if (wanted[0]) {
        Array dx(in.x.shape(), dtype);
        g.transpose_b = true;
        g.m = rows, g.n = features, g.k = gates;
        g.a = da.data<T>(), g.lda = width;
        g.b = in.kernel.data().data<T>(), g.ldb = gates;
        g.c = dx.data<T>(), g.ldc = features;
        multiply(g);
        gradients[0] = Tensor(std::move(dx));
    }
    g = {};
    g.transpose_a = true;
    g.k = rows;
    g.ldb = width, g.ldc = gates;
    if (wanted[1]) {
        Array dw(in.kernel.shape(), dtype);
        g.m = features, g.n = gates;
        g.a = in.x.data().data<T>(), g.lda = features;
        g.b = da.data<T>(), g.c = dw.data<T>();
        multiply(g);
        gradients[1] = Tensor(std::move(dw));
    }
    if (wanted[3]) {
        const Tensor sums = sum(Tensor(da.reshaped({rows, width})), {0});
        // z and r have the same gradient from both biases, g's second one comes through r.
        gradients[3] =
            reset_after ? concat({slice(sums, 0, 0, gates), slice(sums, 0, 0, 2 * units), slice(sums, 0, gates, width)})
                              .reshape({2, gates})
                        : sums;
    }
    if (wanted[2]) {
        Array dr({units, gates}, dtype);
        recurrent_kernel_gradient<T>(h, in.states[0], da, 0, 2 * units, dr.data<T>(), gates);
        if (reset_after) {
            recurrent_kernel_gradient<T>(h, in.states[0], da, gates, units, dr.data<T>() + 2 * units, gates);
        } else {
            g.m = units, g.n = units;
            g.a = kept.inner.data<T>(), g.lda = units;
            g.b = da.data<T>() + 2 * units, g.c = dr.data<T>() + 2 * units;
            multiply(g);
        }
        gradients[2] = Tensor(std::move(dr));
    }
    if (wanted[4]) gradients[4] = Tensor(std::move(dh_first));
    return gradients;
}

}  // namespace

Tensor gru_step(const Tensor& a, const Tensor& h, const Tensor& recurrent_kernel, const Tensor& recurrent_bias,
                bool reset_after, const TensorMap& activation, const TensorMap& recurrent_activation,
                const Tensors& masks) {
    const auto outer = [&](const Tensor& x) { return activation ? activation(x) : tanh(x); };
    const auto gate = [&](const Tensor& x) { return recurrent_activation ? recurrent_activation(x) : sigmoid(x); };
    const std::int64_t units = recurrent_kernel.shape(0);
    const Tensors of_x = split(a, {units, units, units}, -1);
    Tensor z, candidate;
    if (reset_after) {
        const Tensors of_h =
            split(gate_products(h, recurrent_kernel, recurrent_bias, masks), {units, units, units}, -1);
        z = gate(of_x[0] + of_h[0]);
        candidate = outer(of_x[2] + gate(of_x[1] + of_h[1]) * of_h[2]);
    } else {
        const Tensors weights = split(recurrent_kernel, {2 * units, units}, -1);
        const Tensors of_both(masks.begin(), masks.end() - (masks.size() == 3));
        const Tensors of_h = split(gate_products(h, weights[0], Tensor(), of_both), {units, units}, -1);
        const Tensor gated = masks.empty() ? h : h * masks.back();
        z = gate(of_x[0] + of_h[0]);
        candidate = outer(of_x[2] + matmul(gate(of_x[1] + of_h[1]) * gated, weights[1]));
    }
    return z * h + (1 - z) * candidate;
}

Tensors gru(const Tensor& x, const Tensor& kernel, const Tensor& recurrent_kernel, const Tensor& bias, const Tensor& h,
            bool reset_after, const Tensor& mask) {
    const RecurrentInputs in{x, kernel, recurrent_kernel, {h}, mask};
    check_recurrent(in, 3, "gru");
    const std::int64_t batch = in.batch(), steps = in.steps(), units = in.units();
    const Shape bias_shape = reset_after ? Shape{2, 3 * units} : Shape{3 * units};
    if (bias.defined() && (bias.shape() != bias_shape || bias.dtype() != x.dtype()))
        throw ShapeError(
            fmt::format("gru: the bias must be {} {}; received {}", name(x.dtype()), str(bias_shape), describe(bias)));
    const Tensors inputs{x, kernel, recurrent_kernel, bias, h};
    const bool keep = detail::needs_grad(inputs);
    const Shape all{batch, steps, units};
    const Tensor plain_bias = bias.defined() ? bias.detach() : bias;
    KeptOfGru kept{input_products(in, input_bias(plain_bias, reset_after)), keep ? Array(all, x.dtype()) : Array()};
    Array outputs(all, x.dtype());
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        kernels::GruForward<T> s;
        s.batch = batch, s.steps = steps, s.units = units, s.reset_after = reset_after;
        s.recurrent_kernel = recurrent_kernel.data().data<T>();
        const Tensor of_h = recurrent_bias(plain_bias, reset_after);
        s.recurrent_bias = data_or_null<T>(of_h), s.h_first = data_or_null<T>(h);
        s.mask = data_or_null<bool>(mask);
        s.gates = kept.gates.data<T>(), s.h = outputs.data<T>();
        if (keep) s.inner = kept.inner.data<T>();
        run(s);
    });
    Array last = select(Tensor(outputs), 1, -1).data();
    if (!keep) return {Tensor(std::move(outputs)), Tensor(std::move(last))};
    return record_list({std::move(outputs), std::move(last)}, inputs,
                       [saved = SavedInputs(inputs), kept, mask = SavedInputs({mask}), reset_after](
                           const Tensors& y, Wanted wanted, const Tensors& dy) {
                           const Tensors inputs = saved.get();
                           const Tensor counts = mask.get()[0];
                           if (grad_enabled())
                               return gradients_through(
                                   [&](const Tensors& again) { return by_steps(again, counts, reset_after); }, inputs,
                                   wanted, dy);
                           const RecurrentInputs in{inputs[0], inputs[1], inputs[2], {inputs[4]}, counts};
                           return dispatch_floating(inputs[0].dtype(), [&]<class T>(T) {
                               return fused_gradients<T>(in, reset_after, kept, y[0].data(), wanted, dy);
                           });
                       });
}

}  // namespace weft
