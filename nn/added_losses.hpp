// Losses that layers add themselves, beside the one that compares prediction and target.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft::nn {

/// Collects, while it lives, what the modules that run on this thread add by add_loss(): fit and evaluate hold one
/// around each step and minimise the sum with the loss. In a loop of one's own:
///
///     nn::LossScope added;
///     Tensor y = model(x);
///     Tensor loss = nn::mse_loss(y, target) + added.total();
class LossScope {
public:
    LossScope();
    ~LossScope();
    LossScope(const LossScope&) = delete;
    LossScope& operator=(const LossScope&) = delete;

    const Tensors& losses() const { return losses_; }
    /// Their sum; the number 0 if there are none.
    Tensor total() const;

private:
    friend class Module;
    Tensors losses_;
    LossScope* before_;
};

}  // namespace weft::nn
