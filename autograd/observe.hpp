// What looks on while a thread computes: anomaly mode, profiles and checkpoints are observers. Without any, an op looks
// at one pointer of the thread.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace weft {

/// Sees what the thread that made it computes, until that thread destroys it; the last one made goes first.
class Observer {
public:
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;

    /// An op has given its result number `index`, of so many bytes. `node` is null if the op is not on the tape.
    virtual void op(const std::string& /*name*/, Node* /*node*/, std::uint32_t /*index*/, std::size_t /*bytes*/) {}
    /// The call of a module begins.
    virtual void enter(const std::string& /*module*/) {}
    virtual void before_derivative(const Node& /*node*/) {}
    /// Gradients that came to a node's results and those it gives to its inputs; undefined where there is none.
    virtual void after_derivative(const Node& /*node*/, std::span<const Tensor> /*dy*/,
                                  std::span<const Tensor> /*dx*/) {}

    Observer* outer() const { return outer_; }

protected:
    Observer();
    virtual ~Observer();

private:
    Observer* outer_;
};

/// The modules this thread is in, outermost first: "Net > Linear 'dense'". Known only while somebody looks on.
std::string call_path();

namespace detail {

/// Says which module is being called, if somebody looks on.
class CallScope {
public:
    template <class Label>
    explicit CallScope(Label&& label) : entered_(observed()) {
        if (entered_) enter(std::forward<Label>(label)());
    }
    ~CallScope() {
        if (entered_) leave();
    }
    CallScope(const CallScope&) = delete;
    CallScope& operator=(const CallScope&) = delete;

private:
    static bool observed();
    static void enter(std::string label);
    static void leave() noexcept;
    bool entered_;
};

}  // namespace detail
}  // namespace weft
