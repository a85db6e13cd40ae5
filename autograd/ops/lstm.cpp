#include <weft/autograd/kernels/lstm.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/gate_products.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/lstm.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/recurrent.hpp>

namespace weft {
namespace {

void run(const kernels::LstmForward<float>& s) { kernels::active<kernels::Lstm>().forward_f32(s); }
void run(const kernels::LstmForward<double>& s) { kernels::active<kernels::Lstm>().forward_f64(s); }
void run(const kernels::LstmBackward<float>& s) { kernels::active<kernels::Lstm>().backward_f32(s); }
void run(const kernels::LstmBackward<double>& s) { kernels::active<kernels::Lstm>().backward_f64(s); }

Tensor state_or_zeros(const Tensor& state, std::int64_t batch, std::int64_t units, DType dtype) {
    return state.defined() ? state : zeros({batch, units}, dtype);
}

Tensors by_steps(const Tensors& inputs, const Tensor& mask) {
    const Tensor &x = inputs[0], &recurrent = inputs[2];
    const Tensor h = state_or_zeros(inputs[4], x.shape(0), recurrent.shape(0), x.dtype());
    const Tensor c = state_or_zeros(inputs[5], x.shape(0), recurrent.shape(0), x.dtype());
    const auto step = [&](const Tensor& z, const Tensors& states) {
        const Tensors next = lstm_step(z, states[0], states[1], recurrent);
        return Tensors{next[0], next[0], next[1]};
    };
    return scan(linear(x, inputs[1], inputs[3]), {h, c}, mask, step, h);
}

// What the kernel leaves for the derivative.
struct KeptOfLstm {
    Array gates, c, tanh_c;
};

template <class T>
Gradients fused_gradients(const RecurrentInputs& in, const KeptOfLstm& kept, const Array& h, Wanted wanted,
                          const Tensors& dy) {
    const std::int64_t batch = in.batch(), units = in.units();
    const DType dtype = in.x.dtype();
    Array dz({batch, in.steps(), 4 * units}, dtype), dh_first, dc_first;
    if (wanted[4]) dh_first = Array({batch, units}, dtype);
    if (wanted[5]) dc_first = Array({batch, units}, dtype);
    kernels::LstmBackward<T> s;
    s.batch = batch, s.steps = in.steps(), s.units = units;
    s.recurrent_kernel = in.recurrent_kernel.data().data<T>();
    s.c_first = data_or_null<T>(in.states[1]);
    s.mask = data_or_null<bool>(in.mask);
    s.gates = kept.gates.data<T>(), s.c = kept.c.data<T>(), s.tanh_c = kept.tanh_c.data<T>();
    s.dh = data_or_null<T>(dy[0]), s.dh_last = data_or_null<T>(dy[1]), s.dc_last = data_or_null<T>(dy[2]);
    s.dz = dz.data<T>();
    if (wanted[4]) s.dh_first = dh_first.data<T>();
    if (wanted[5]) s.dc_first = dc_first.data<T>();
    run(s);

    Gradients gradients = input_gradients(in, Tensor(dz.reshaped({in.rows(), 4 * units})), wanted);
    gradients.resize(6);
    if (wanted[2]) {
        Array recurrent({units, 4 * units}, dtype);
        recurrent_kernel_gradient<T>(h, in.states[0], dz, 0, 4 * units, recurrent.data<T>(), 4 * units);
        gradients[2] = Tensor(std::move(recurrent));
    }
    if (wanted[4]) gradients[4] = Tensor(std::move(dh_first));
    if (wanted[5]) gradients[5] = Tensor(std::move(dc_first));
    return gradients;
}

}  // namespace

Tensors lstm_step(const Tensor& z, const Tensor& h, const Tensor& c, const Tensor& recurrent_kernel,
                  const TensorMap& activation, const TensorMap& recurrent_activation, const Tensors& masks) {
    const auto outer = [&](const Tensor& x) { return activation ? activation(x) : tanh(x); };
    const auto gate = [&](const Tensor& x) { return recurrent_activation ? recurrent_activation(x) : sigmoid(x); };
    const std::int64_t units = recurrent_kernel.shape(0);
    const Tensors parts =
        split(z + gate_products(h, recurrent_kernel, Tensor(), masks), {units, units, units, units}, -1);
    const Tensor next = gate(parts[1]) * c + gate(parts[0]) * outer(parts[2]);
    return {gate(parts[3]) * outer(next), next};
}

Tensors lstm(const Tensor& x, const Tensor& kernel, const Tensor& recurrent_kernel, const Tensor& bias, const Tensor& h,
             const Tensor& c, const Tensor& mask) {
    const RecurrentInputs in{x, kernel, recurrent_kernel, {h, c}, mask};
    check_recurrent(in, 4, "lstm");
    const Tensors inputs{x, kernel, recurrent_kernel, bias, h, c};
    const std::int64_t batch = in.batch(), steps = in.steps(), units = in.units();
    const bool keep = detail::needs_grad(inputs);
    const Shape all{batch, steps, units};
    KeptOfLstm kept{input_products(in, bias), keep ? Array(all, x.dtype()) : Array(),
                    keep ? Array(all, x.dtype()) : Array()};
    Array outputs(all, x.dtype()), last_c({batch, units}, x.dtype());
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        kernels::LstmForward<T> s;
        s.batch = batch, s.steps = steps, s.units = units;
        s.recurrent_kernel = recurrent_kernel.data().data<T>();
        s.h_first = data_or_null<T>(h), s.c_first = data_or_null<T>(c);
        s.mask = data_or_null<bool>(mask);
        s.gates = kept.gates.data<T>(), s.h = outputs.data<T>(), s.c_last = last_c.data<T>();
        if (keep) s.c = kept.c.data<T>(), s.tanh_c = kept.tanh_c.data<T>();
        run(s);
    });
    Array last_h = select(Tensor(outputs), 1, -1).data();
    if (!keep) return {Tensor(std::move(outputs)), Tensor(std::move(last_h)), Tensor(std::move(last_c))};
    return record_list({std::move(outputs), std::move(last_h), std::move(last_c)}, inputs,
                       [saved = SavedInputs(inputs), kept, mask = SavedInputs({mask})](const Tensors& y, Wanted wanted,
                                                                                       const Tensors& dy) {
                           const Tensors inputs = saved.get();
                           const Tensor counts = mask.get()[0];
                           if (grad_enabled())
                               return gradients_through([&](const Tensors& again) { return by_steps(again, counts); },
                                                        inputs, wanted, dy);
                           const RecurrentInputs in{inputs[0], inputs[1], inputs[2], {inputs[4], inputs[5]}, counts};
                           return dispatch_floating(inputs[0].dtype(), [&]<class T>(T) {
                               return fused_gradients<T>(in, kept, y[0].data(), wanted, dy);
                           });
                       });
}

}  // namespace weft
