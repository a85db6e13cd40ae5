#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/optim/clip.hpp>
#include <weft/optim/norm.hpp>

#include <fmt/core.h>

#include <cmath>

namespace weft::optim {
namespace {

// Gradients are replaced, not changed in place: their memory may be shared with what an op saved.
template <class F>
void replace_gradients(const Tensors& parameters, F&& f) {
    const NoGrad guard;
    for (Tensor parameter : parameters)
        if (const Tensor gradient = parameter.grad(); gradient.defined()) parameter.set_grad(f(gradient));
}

void check_positive(double value, const char* where, const char* what) {
    if (!(value > 0)) throw ValueError(fmt::format("{}: {} must be above 0; received {}", where, what, value));
}

}  // namespace

double clip_grad_norm(const Tensors& parameters, double max_norm) {
    check_positive(max_norm, "clip_grad_norm", "max_norm");
    const double norm = grad_norm(parameters);
    if (std::isfinite(norm) && norm > max_norm)
        replace_gradients(parameters, [&](const Tensor& gradient) { return gradient * (max_norm / norm); });
    return norm;
}

void clip_grad_value(const Tensors& parameters, double max_value) {
    check_positive(max_value, "clip_grad_value", "max_value");
    replace_gradients(parameters, [&](const Tensor& gradient) { return clip(gradient, -max_value, max_value); });
}

}  // namespace weft::optim
