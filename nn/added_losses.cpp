#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/recall.hpp>
#include <weft/nn/added_losses.hpp>
#include <weft/nn/module.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft::nn {

namespace {
constinit thread_local LossScope* innermost_scope = nullptr;
}

LossScope::LossScope() : before_(innermost_scope) { innermost_scope = this; }
LossScope::~LossScope() { innermost_scope = before_; }

Tensor LossScope::total() const {
    Tensor sum = 0.0;
    for (const Tensor& loss : losses_) sum = sum + loss;
    return sum;
}

void Module::add_loss(const Tensor& loss) const {
    if (loss.rank() != 0)
        throw ShapeError(
            fmt::format("{}: add_loss takes one number, such as a mean; received {}", label(), describe(loss)));
    if (!innermost_scope || recomputing()) return;
    if (weft::detail::RunScope::current())
        throw ValueError(
            fmt::format("{}: a loss added within checkpoint() would not reach the checkpoint's inputs. Return it from "
                        "the function, and add it outside.",
                        label()));
    innermost_scope->losses_.push_back(loss);
}

void Module::add_activity_losses(const Tensors& results) const {
    if (!innermost_scope) return;
    for (const Tensor& result : results) {
        const double samples = result.rank() == 0 ? 1 : static_cast<double>(std::max<std::int64_t>(result.shape(0), 1));
        add_loss(state_->activity_regularizer(result) / samples);
    }
}

}  // namespace weft::nn
