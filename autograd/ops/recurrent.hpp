// What the fused recurrent ops share. For ops' sources only.
#pragma once

#include <weft/autograd/kernels/gemm.hpp>
#include <weft/autograd/record.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace weft {

/// x [batch, time, in], kernel [in, gates units], recurrent_kernel [units, gates units]; the rest may be undefined:
/// states [batch, units], mask bool [batch, time].
struct RecurrentInputs {
    Tensor x, kernel, recurrent_kernel;
    Tensors states;
    Tensor mask;

    std::int64_t batch() const { return x.shape(0); }
    std::int64_t steps() const { return x.shape(1); }
    std::int64_t features() const { return x.shape(2); }
    std::int64_t units() const { return recurrent_kernel.shape(0); }
    std::int64_t rows() const { return batch() * steps(); }
};

/// Throws ShapeError or DTypeError, beginning with `where`, unless everything fits.
void check_recurrent(const RecurrentInputs& inputs, std::int64_t gates, const char* where);

/// The product op(a) op(b), as the kernel's arguments say.
inline void multiply(const kernels::GemmArguments<float>& arguments) {
    kernels::active<kernels::Gemm>().f32(arguments);
}
inline void multiply(const kernels::GemmArguments<double>& arguments) {
    kernels::active<kernels::Gemm>().f64(arguments);
}

/// x W + b for all steps at once, [batch, time, gates units].
Array input_products(const RecurrentInputs& inputs, const Tensor& bias);

/// The gradients of sum(h_before[t] dz[t]) for the columns [from, from + columns) of dz [batch, time, width]: what the
/// recurrent weights of those columns get. h is [batch, time, units], h_first [batch, units] or undefined. Overwrites
/// these columns of dz's first steps.
template <class T>
void recurrent_kernel_gradient(const Array& h, const Tensor& h_first, Array& dz, std::int64_t from,
                               std::int64_t columns, T* gradient, std::int64_t gradient_step);

/// What a derivative keeps of inputs some of which may be undefined.
class SavedInputs {
public:
    explicit SavedInputs(const Tensors& inputs);
    Tensors get() const;

private:
    std::vector<std::optional<Saved>> saved_;
};

/// The gradients of x, kernel and bias, at 0, 1 and 3 of the result, from that of x W + b as [batch time, gates units].
Gradients input_gradients(const RecurrentInputs& inputs, const Tensor& dz, Wanted wanted);

/// Gradients by another way to compute the same, made of ops: for a derivative that is recorded itself.
Gradients gradients_through(const std::function<Tensors(const Tensors&)>& f, const Tensors& inputs, Wanted wanted,
                            const Tensors& dy);

}  // namespace weft
