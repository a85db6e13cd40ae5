// Where did the first NaN come from?
#pragma once

#include <weft/autograd/observe.hpp>

namespace weft {

/// While it lives, this thread's ops remember where they were called, and a derivative that gives NaN or infinity
/// throws NotFiniteError: the text names the op of the forward pass, the input whose gradient it is, the modules in
/// which the op was called, and the stack of calls. Ops recorded before it was made are checked too, but do not know
/// their place. It makes everything slower.
///
///     const DetectAnomaly guard;
///     loss = f(x);
///     loss.backward();
class DetectAnomaly final : public Observer {
public:
    DetectAnomaly() = default;
    ~DetectAnomaly() override = default;

    void op(const std::string& name, Node* node, std::uint32_t index, std::size_t bytes) override;
    void after_derivative(const Node& node, std::span<const Tensor> dy, std::span<const Tensor> dx) override;
};

/// What f returns, with anomaly mode on.
template <class F>
decltype(auto) detect_anomaly(F&& f) {
    const DetectAnomaly guard;
    return std::forward<F>(f)();
}

}  // namespace weft
