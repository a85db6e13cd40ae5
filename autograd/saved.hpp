// The ends of the tape, and what derivatives keep on it.
#pragma once

#include <weft/autograd/mode.hpp>
#include <weft/autograd/tensor.hpp>

namespace weft {

/// The end of the tape at a tensor that collects its gradient.
class Leaf final : public Node {
public:
    explicit Leaf(OutputInfo info, const std::string& label = "") : Node(std::move(info)), label(label) {}
    std::string name() const override { return "leaf"; }
    void run(std::span<Tensor>, std::span<Tensor>, std::span<const bool>) override {}
    void release() override {}
    bool is_leaf() const override { return true; }

    Tensor gradient;
    std::string label;  ///< the tensor's name

    static void* operator new(std::size_t bytes) { return allocate(bytes); }
    static void operator delete(void* block) { deallocate(block, sizeof(Leaf)); }
};

/// What a derivative keeps of a tensor: array, place on the tape and version; never a handle, so that saving an output
/// makes no cycle.
class Saved {
public:
    Saved() {}  // not defaulted: the compiler would clear the whole first, slower than all the rest of a small op
    explicit Saved(const Tensor& x) : array_(x.data()), edge_(x.impl()->edge), version_(array_.version()) {}
    explicit Saved(const Array& x) : array_(x), version_(x.version()) {}

    /// The tensor again. Throws GraphError if it was changed since, naming the op whose derivative asks.
    Tensor get() const { return get(edge_); }
    Tensor get(const Edge& edge) const;
    operator Tensor() const { return get(); }
    const Shape& shape() const { return array_.shape(); }

private:
    Array array_;
    Edge edge_;
    std::uint32_t version_ = 0;
};

/// Keeps x for a derivative: [x = save(x)](const Tensor& dy) { return dy / x.get(); }
inline Saved save(const Tensor& x) { return Saved(x); }

/// The same for the rule of one input: nothing is kept unless that input is to have a gradient. The engine drops a rule
/// that nobody needs anyway; this spares an op that is mostly overhead the sharing of what goes at once.
inline Saved save_for(const Tensor& input, const Tensor& x) {
    return input.requires_grad() && grad_enabled() ? Saved(x) : Saved();
}

}  // namespace weft
