// Whether operations are recorded: a switch of the thread, set for a scope.
#pragma once

#include <utility>

namespace weft {

/// Whether this thread records operations on tensors that require a gradient.
bool grad_enabled();

namespace detail {
class GradMode {
public:
    explicit GradMode(bool enabled);
    ~GradMode();
    GradMode(const GradMode&) = delete;
    GradMode& operator=(const GradMode&) = delete;

private:
    bool before_;
};
}  // namespace detail

/// Records nothing while it lives: NoGrad guard;
struct NoGrad : detail::GradMode {
    NoGrad() : GradMode(false) {}
};

/// Records again inside a NoGrad.
struct EnableGrad : detail::GradMode {
    EnableGrad() : GradMode(true) {}
};

/// What f returns, with nothing recorded.
template <class F>
decltype(auto) no_grad(F&& f) {
    const NoGrad guard;
    return std::forward<F>(f)();
}

/// What f returns, recorded even inside no_grad.
template <class F>
decltype(auto) enable_grad(F&& f) {
    const EnableGrad guard;
    return std::forward<F>(f)();
}

}  // namespace weft
