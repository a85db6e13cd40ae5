#include <weft/autograd/engine.hpp>
#include <weft/autograd/mode.hpp>
#include <weft/autograd/node_extras.hpp>
#include <weft/autograd/observe.hpp>
#include <weft/autograd/record.hpp>
#include <weft/autograd/saved.hpp>
#include <weft/autograd/thread_state.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weft {

constinit thread_local ThreadState this_thread{};

void Node::link(std::span<const Edge> edges) {
    edges_ = edges;
    std::uint64_t largest = this_thread.last_serial;
    for (const Edge& edge : edges)
        if (edge) largest = std::max(largest, edge.node->serial());
    serial_ = this_thread.last_serial = largest + 1;
}

Node::Extras& Node::make_extras() {
    if (!extras_) extras_.reset(new Extras);
    return *extras_;
}

void Node::Delete::operator()(Extras* extras) const noexcept { delete extras; }
void Node::add_output(OutputInfo info) { make_extras().more_outputs.push_back(std::move(info)); }
const OutputInfo& Node::more_output(std::uint32_t index) const { return extras_->more_outputs[index - 1]; }
std::uint32_t Node::count_outputs() const { return 1 + static_cast<std::uint32_t>(extras_->more_outputs.size()); }

void Node::wrong_count(std::size_t gradients) const {
    std::string inputs;
    for (std::size_t i = 0; i < edges_.size(); ++i) {
        const Edge& edge = edges_[i];
        inputs += fmt::format("{}input {}", i ? ", " : "", i);
        if (!edge) continue;
        const OutputInfo& info = edge.node->output(edge.index);
        inputs += fmt::format(" {} {}", weft::name(info.dtype), str(info.shape));
    }
    throw GraphError(
        fmt::format("{}: its derivative returned {} gradients for {} inputs ({}). Return one for each tensor, in "
                    "order; an undefined Tensor() where there is none.",
                    name(), gradients, edges_.size(), inputs));
}

void destroy(Node* node) noexcept {
    ThreadState& thread = this_thread;
    node->next_to_destroy = thread.doomed;
    thread.doomed = node;
    if (thread.destroying) return;
    thread.destroying = true;
    while (Node* next = thread.doomed) {
        thread.doomed = next->next_to_destroy;
        delete next;
    }
    thread.destroying = false;
}

Tensor Saved::get(const Edge& edge) const {
    if (array_.version() != version_)
        throw GraphError(
            fmt::format("{}: its derivative needs a value of shape {} that was changed in place after it was saved "
                        "(version {}, saved at {}). Change a copy, or take the derivative first.",
                        running_op(), str(array_.shape()), array_.version(), version_));
    Tensor x{Array(array_)};
    x.impl()->edge = edge;
    return x;
}

Tensor detail::make_result(Array&& array, Node* node, std::uint32_t index) {
    if (this_thread.observer) [[unlikely]]
        for (Observer* each = this_thread.observer; each; each = each->outer())
            each->op(node->name(), node, index, array.bytes());
    Edge edge{Pointer<Node>(node), index};
    Tensor result(std::move(array));
    if (is_floating(result.dtype())) result.impl()->edge = std::move(edge);
    return result;
}

Tensor detail::make_unrecorded(Array&& array, const char* function, std::uint32_t index) {
    if (this_thread.observer) [[unlikely]]
        for (Observer* each = this_thread.observer; each; each = each->outer())
            each->op(function, nullptr, index, array.bytes());
    return Tensor(std::move(array));
}

bool grad_enabled() { return this_thread.recording; }

detail::GradMode::GradMode(bool enabled) : before_(std::exchange(this_thread.recording, enabled)) {}
detail::GradMode::~GradMode() { this_thread.recording = before_; }

}  // namespace weft
