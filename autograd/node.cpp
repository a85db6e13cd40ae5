#include <weft/autograd/engine.hpp>
#include <weft/autograd/mode.hpp>
#include <weft/autograd/record.hpp>
#include <weft/autograd/saved.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft {
namespace {

constinit thread_local std::uint64_t last_serial = 0;
constinit thread_local bool recording = true;

// Nodes waiting to be destroyed by the destroy() that is under way further down this thread's stack.
constinit thread_local Node* doomed = nullptr;
constinit thread_local bool destroying = false;

}  // namespace

void Node::link(std::span<const Edge> edges) {
    edges_ = edges;
    std::uint64_t largest = last_serial;
    for (const Edge& edge : edges)
        if (edge) largest = std::max(largest, edge.node->serial());
    serial_ = last_serial = largest + 1;
}

void destroy(Node* node) noexcept {
    node->next_to_destroy = doomed;
    doomed = node;
    if (destroying) return;
    destroying = true;
    while (Node* next = doomed) {
        doomed = next->next_to_destroy;
        delete next;
    }
    destroying = false;
}

Tensor Saved::get(const Edge& edge) const {
    if (array_.version() != version_)
        throw GraphError(fmt::format(
            "{}: its derivative needs a value of shape {} that was changed in place after it was saved (version {}, saved at {}). Change a copy, or take the derivative first.",
            running_op(), str(array_.shape()), array_.version(), version_));
    Tensor x{Array(array_)};
    x.impl()->edge = edge;
    return x;
}

Tensor detail::make_result(Array array, Node* node, std::uint32_t index) {
    Tensor result(std::move(array));
    result.impl()->edge = Edge{Pointer<Node>(node), index};
    return result;
}

bool grad_enabled() { return recording; }

detail::GradMode::GradMode(bool enabled) : before_(recording) { recording = enabled; }
detail::GradMode::~GradMode() { recording = before_; }

}  // namespace weft
