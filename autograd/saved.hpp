// The ends of the tape, and what derivatives keep on it.
#pragma once

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
    Saved() = default;
    explicit Saved(const Tensor& x) : array_(x.data()), edge_(x.impl()->edge), version_(array_.version()) {}

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

}  // namespace weft
