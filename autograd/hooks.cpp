#include <weft/autograd/node_extras.hpp>
#include <weft/autograd/tensor.hpp>

#include <fmt/core.h>

namespace weft {

HookHandle Tensor::register_hook(std::function<Tensor(const Tensor&)> hook) const {
    if (!requires_grad())
        throw GraphError(
            fmt::format("register_hook: {} requires no gradient, so none will ever come to it. Call "
                        "set_requires_grad(true) before.",
                        describe(*this)));
    return impl_->edge.node->make_extras().tensor_hooks[impl_->edge.index].add(std::move(hook));
}

HookHandle Tensor::register_node_hook(std::function<Gradients(const Gradients&, const Gradients&)> hook) const {
    if (is_leaf())
        throw GraphError(
            fmt::format("register_node_hook: {} is not the result of a recorded operation. Use register_hook for the "
                        "gradient of a leaf.",
                        describe(*this)));
    return impl_->edge.node->make_extras().node_hooks.add(std::move(hook));
}

}  // namespace weft
