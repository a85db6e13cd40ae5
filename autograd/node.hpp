// The tape. Every recorded op is a node: edges to the producers of its inputs, a serial number, and its derivative.
// A node holds no arrays but those its derivative saved.
#pragma once

#include <weft/autograd/dtype.hpp>
#include <weft/autograd/pointer.hpp>
#include <weft/autograd/shape.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace weft {

class Node;
class Tensor;

/// Where a tensor came from: an output of a node.
struct Edge {
    Pointer<Node> node;
    std::uint32_t index = 0;
    explicit operator bool() const { return static_cast<bool>(node); }
};

/// Shape and element type of an output: what a gradient for it must have.
struct OutputInfo {
    Shape shape;
    DType dtype = DType::float32;
};

class Node {
public:
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    /// The op's name, for error texts.
    virtual std::string name() const = 0;
    /// Gradients of the inputs from those of the outputs (undefined where nothing came). Fills dx[i] where wanted(i).
    virtual void run(std::span<Tensor> dy, std::span<Tensor> dx, std::span<const bool> wanted) = 0;
    /// Drops what was saved; afterwards run() is not called.
    virtual void release() = 0;

    std::span<const Edge> edges() const { return edges_; }
    const OutputInfo& output(std::uint32_t index) const { return index == 0 ? first_output_ : more_output(index); }
    std::uint32_t outputs() const { return extras_ ? count_outputs() : 1; }
    void add_output(OutputInfo info);

    /// Greater than that of every producer of an input, whichever thread made it; leaves have 0.
    std::uint64_t serial() const { return serial_; }
    virtual bool is_leaf() const { return false; }

    /// What few nodes have: further results, hooks, where the op was called.
    struct Extras;
    Extras* extras() const { return extras_.get(); }
    Extras& make_extras();

    std::atomic<std::uint32_t> references{0};
    bool released = false;
    /// Whether a gradient that is smaller than its input is an error, not repeated to the input's shape.
    bool strict = false;
    Node* next_to_destroy = nullptr;

protected:
    explicit Node(OutputInfo first_output) : first_output_(std::move(first_output)) {}
    virtual ~Node() = default;
    /// Tells the base where the derived node keeps its edges, and draws the serial number.
    void link(std::span<const Edge> edges);
    /// Throws GraphError unless the derivative returned a gradient for each input.
    void check_count(std::size_t gradients) const {
        if (gradients != edges_.size()) wrong_count(gradients);
    }

private:
    friend void destroy(Node* node) noexcept;
    const OutputInfo& more_output(std::uint32_t index) const;
    std::uint32_t count_outputs() const;
    [[noreturn]] void wrong_count(std::size_t gradients) const;

    struct Delete {
        void operator()(Extras* extras) const noexcept;
    };
    std::span<const Edge> edges_;
    OutputInfo first_output_;
    std::unique_ptr<Extras, Delete> extras_;
    std::uint64_t serial_ = 0;
};

/// Frees a node whose last share is gone, and then, without recursion, those that it alone held.
void destroy(Node* node) noexcept;

}  // namespace weft
