#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/scan.hpp>

#include <fmt/core.h>

namespace weft {
namespace {

// A mask [batch] as a condition on y [batch, ...].
Tensor condition(const Tensor& mask, const Tensor& y) {
    Shape shape{mask.shape(0)};
    while (shape.rank() < y.rank()) shape.push_back(1);
    return mask.reshape(shape);
}

}  // namespace

Tensors scan(const Tensor& x, const Tensors& states, const Tensor& mask, const ScanStep& step,
             const Tensor& first_output) {
    if (x.rank() < 2 || x.shape(1) == 0)
        throw ShapeError(
            fmt::format("scan: expects [batch, time, ...] with at least one step; received {}", describe(x)));
    if (mask.defined() && (mask.dtype() != boolean || mask.shape() != Shape{x.shape(0), x.shape(1)}))
        throw ShapeError(fmt::format("scan: the mask must be bool [{}, {}], a value for each step of {}; received {}",
                                     x.shape(0), x.shape(1), describe(x), describe(mask)));
    const Tensors steps = unstack(x, 1), counts = mask.defined() ? unstack(mask, 1) : Tensors();
    Tensors now = states, outputs;
    for (std::size_t t = 0; t < steps.size(); ++t) {
        Tensors next = step(steps[t], now);
        Tensor output = next.at(0);
        next.erase(next.begin());
        if (mask.defined()) {
            const Tensor before = !outputs.empty()         ? outputs.back()
                                  : first_output.defined() ? first_output
                                                           : zeros_like(output);
            output = where(condition(counts[t], output), output, before);
            for (std::size_t i = 0; i < next.size(); ++i)
                next[i] = where(condition(counts[t], next[i]), next[i], now.at(i));
        }
        outputs.push_back(std::move(output));
        now = std::move(next);
    }
    now.insert(now.begin(), stack(outputs, 1));
    return now;
}

}  // namespace weft
