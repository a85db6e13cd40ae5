#include <weft/autograd/kernels/simple_rnn.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/recurrent.hpp>
#include <weft/autograd/ops/simple_rnn.hpp>

namespace weft {
namespace {

void run(const kernels::SimpleRnnForward<float>& s) { kernels::active<kernels::SimpleRnn>().forward_f32(s); }
void run(const kernels::SimpleRnnForward<double>& s) { kernels::active<kernels::SimpleRnn>().forward_f64(s); }
void run(const kernels::SimpleRnnBackward<float>& s) { kernels::active<kernels::SimpleRnn>().backward_f32(s); }
void run(const kernels::SimpleRnnBackward<double>& s) { kernels::active<kernels::SimpleRnn>().backward_f64(s); }

Tensors by_steps(const Tensors& inputs, const Tensor& mask) {
    const Tensor &x = inputs[0], &recurrent = inputs[2];
    const Tensor h = inputs[4].defined() ? inputs[4] : zeros({x.shape(0), recurrent.shape(0)}, x.dtype());
    const auto step = [&](const Tensor& a, const Tensors& states) {
        const Tensor next = tanh(a + matmul(states[0], recurrent));
        return Tensors{next, next};
    };
    return scan(linear(x, inputs[1], inputs[3]), {h}, mask, step, h);
}

template <class T>
Gradients fused_gradients(const RecurrentInputs& in, const Array& h, Wanted wanted, const Tensors& dy) {
    const std::int64_t batch = in.batch(), units = in.units(), rows = in.rows();
    const DType dtype = in.x.dtype();
    Array da({batch, in.steps(), units}, dtype), dh_first({batch, units}, dtype);
    kernels::SimpleRnnBackward<T> s;
    s.batch = batch, s.steps = in.steps(), s.units = units;
    s.recurrent_kernel = in.recurrent_kernel.data().data<T>();
    s.mask = data_or_null<bool>(in.mask);
    s.h = h.data<T>();
    s.dh = data_or_null<T>(dy[0]), s.dh_last = data_or_null<T>(dy[1]);
    s.da = da.data<T>(), s.dh_first = dh_first.data<T>();
    run(s);

    Gradients gradients = input_gradients(in, Tensor(da.reshaped({rows, units})), wanted);
    if (wanted[2]) {
        Array recurrent({units, units}, dtype);
        recurrent_kernel_gradient<T>(h, in.states[0], da, 0, units, recurrent.data<T>(), units);
        gradients[2] = Tensor(std::move(recurrent));
    }
    gradients.resize(5);
    if (wanted[4]) gradients[4] = Tensor(std::move(dh_first));
    return gradients;
}

}  // namespace

Tensors simple_rnn(const Tensor& x, const Tensor& kernel, const Tensor& recurrent_kernel, const Tensor& bias,
                   const Tensor& h, const Tensor& mask) {
    const RecurrentInputs in{x, kernel, recurrent_kernel, {h}, mask};
    check_recurrent(in, 1, "simple_rnn");
    const Tensors inputs{x, kernel, recurrent_kernel, bias, h};
    Array outputs = input_products(in, bias);
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        kernels::SimpleRnnForward<T> s;
        s.batch = in.batch(), s.steps = in.steps(), s.units = in.units();
        s.recurrent_kernel = recurrent_kernel.data().data<T>();
        s.h_first = data_or_null<T>(h);
        s.mask = data_or_null<bool>(mask);
        s.h = outputs.data<T>();
        run(s);
    });
    Array last = select(Tensor(outputs), 1, -1).data();
    if (!detail::needs_grad(inputs)) return {Tensor(std::move(outputs)), Tensor(std::move(last))};
    return record_list(
        {std::move(outputs), std::move(last)}, inputs,
        [saved = SavedInputs(inputs), mask = SavedInputs({mask})](const Tensors& y, Wanted wanted, const Tensors& dy) {
            const Tensors inputs = saved.get();
            const Tensor counts = mask.get()[0];
            if (grad_enabled())
                return gradients_through([&](const Tensors& again) { return by_steps(again, counts); }, inputs, wanted,
                                         dy);
            const RecurrentInputs in{inputs[0], inputs[1], inputs[2], {inputs[4]}, counts};
            return dispatch_floating(inputs[0].dtype(),
                                     [&]<class T>(T) { return fused_gradients<T>(in, y[0].data(), wanted, dy); });
        });
}

}  // namespace weft
