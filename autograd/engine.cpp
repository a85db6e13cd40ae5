#include <weft/autograd/engine.hpp>
#include <weft/autograd/grad.hpp>
#include <weft/autograd/kernels/elementwise.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/mode.hpp>
#include <weft/autograd/node_extras.hpp>
#include <weft/autograd/observe.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/pending.hpp>
#include <weft/autograd/saved.hpp>
#include <weft/autograd/thread_state.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace weft {
namespace {

// a += b where nobody else can see a; otherwise a new sum.
void accumulate(Tensor& sum, Tensor gradient, bool create_graph) {
    if (!sum.defined()) {
        sum = std::move(gradient);
        return;
    }
    detail::TensorImpl* impl = sum.impl();
    const bool mine = !create_graph && impl->references.load() == 1 && impl->array.unique() && !impl->edge &&
                      sum.dtype() == gradient.dtype();
    if (!mine) {
        sum = sum + gradient;
        return;
    }
    const auto& kernels = kernels::active<kernels::Elementwise>();
    dispatch_floating(sum.dtype(), [&]<class T>(T) {
        T* y = impl->array.data<T>();
        const T* x = gradient.data().data<T>();
        kernels::parallel_for(sum.elements(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
            if constexpr (std::is_same_v<T, float>) kernels.axpy_f32(1, x + begin, y + begin, end - begin);
            else kernels.axpy_f64(1, x + begin, y + begin, end - begin);
        });
    });
}

// A leaf's gradient is the user's to keep and to change: it shares its elements with no other tensor.
void add_to_leaf(Tensor& sum, Tensor gradient) {
    if (sum.defined()) return accumulate(sum, std::move(gradient), false);
    const bool shared = gradient.impl()->references.load() != 1 || !gradient.data().unique();
    sum = shared ? Tensor(gradient.data().copy()) : std::move(gradient);
}

// Nodes from which one of the inputs is reached, by walking the reachable ones in rising serial number.
std::unordered_set<const Node*> leading_to(const Tensors& outputs, const Tensors& inputs, bool stop_at_inputs) {
    std::unordered_set<const Node*> seen, useful;
    std::vector<const Node*> order;
    for (const Tensor& input : inputs) useful.insert(input.impl()->edge.node.get());
    if (stop_at_inputs) seen = useful;
    const auto visit = [&](const Node* node) {
        if (node && seen.insert(node).second) order.push_back(node);
    };
    for (const Tensor& output : outputs) visit(output.impl()->edge.node.get());
    for (std::size_t i = 0; i < order.size(); ++i)
        for (const Edge& edge : order[i]->edges()) visit(edge.node.get());
    std::sort(order.begin(), order.end(), [](const Node* a, const Node* b) { return a->serial() < b->serial(); });
    for (const Node* node : order)
        for (const Edge& edge : node->edges())
            if (edge && useful.contains(edge.node.get())) {
                useful.insert(node);
                break;
            }
    return useful;
}

// Says whose derivative this thread computes.
class Running {
public:
    explicit Running(const Node& node) : before_(std::exchange(this_thread.running, &node)) {}
    ~Running() { this_thread.running = before_; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

private:
    const Node* before_;
};

class Pass {
public:
    Pass(const Tensors& outputs, const Tensors* inputs, const PassOptions& options)
        : inputs_(inputs), options_(options) {
        if (!inputs) return;
        useful_ = leading_to(outputs, *inputs, options.stop_at_inputs);
        results_.resize(inputs->size());
        for (std::size_t i = 0; i < inputs->size(); ++i) {
            const Edge& edge = (*inputs)[i].impl()->edge;
            captures_.emplace(edge.node.get(), std::pair(edge.index, i));
        }
    }

    void add(const Edge& edge, Tensor gradient) {
        // A rule may hand on what it saved, which is on the tape.
        if (!options_.create_graph && gradient.requires_grad()) gradient = gradient.detach();
        Pending& entry = pending_.at(edge);
        accumulate(entry.gradients()[edge.index], std::move(gradient), options_.create_graph);
    }

    Tensors run() {
        while (!pending_.empty()) {
            Pending now = pending_.take();
            if (now.node->extras()) [[unlikely]]
                run_hooks(now);
            const bool is_input = capture(now);
            if (now.node->is_leaf()) {
                if (!inputs_) add_to_leaf(static_cast<Leaf&>(*now.node).gradient, std::move(now.one));
            } else if (!inputs_ || (leads_on(*now.node) && !(is_input && options_.stop_at_inputs))) {
                differentiate(now);
            }
        }
        return std::move(results_);
    }

private:
    // Keeps the gradients that were asked for; whether there were any.
    bool capture(Pending& now) {
        if (!inputs_) return false;
        auto [first, last] = captures_.equal_range(now.node.get());
        const bool any = first != last;
        for (; first != last; ++first) results_[first->second.second] = now.gradients()[first->second.first];
        return any;
    }

    void run_hooks(Pending& now) const {
        for (const auto& [index, hooks] : now.node->extras()->tensor_hooks) {
            Tensor& gradient = now.gradients()[index];
            if (gradient.defined())
                hooks.each(
                    [&, &index = index](const auto& hook) { replace(gradient, hook(gradient), *now.node, index); });
        }
    }

    // What a hook gave in a gradient's place.
    void replace(Tensor& gradient, Tensor by, const Node& node, std::uint32_t index) const {
        if (!by.defined()) return;
        const OutputInfo& wanted = node.output(index);
        if (by.impl()->weak) by = by.to(wanted.dtype);
        if (by.shape() != wanted.shape || by.dtype() != wanted.dtype)
            throw GraphError(
                fmt::format("register_hook: a hook on the result of {} must return a gradient of {} {}, or none to "
                            "keep it; received {}",
                            node.name(), name(wanted.dtype), str(wanted.shape), describe(by)));
        gradient = !options_.create_graph && by.requires_grad() ? by.detach() : std::move(by);
    }

    // Lets the node's hooks see, and replace, the gradients it gives to its inputs.
    void run_node_hooks(Node& node, const Gradients& dy) {
        const std::size_t n = node.edges().size();
        node.extras()->node_hooks.each([&](const auto& hook) {
            Gradients by = hook(Gradients(dx_.begin(), dx_.begin() + static_cast<std::ptrdiff_t>(n)), dy);
            if (by.empty()) return;
            if (by.size() != n)
                throw GraphError(
                    fmt::format("register_node_hook: a hook on {} must return a gradient for each of its {} inputs, or "
                                "none at all; received {}",
                                node.name(), n, by.size()));
            for (std::size_t i = 0; i < n; ++i)
                dx_[i] = wanted_[i] && by[i].defined() ? fitted(std::move(by[i]), node, i) : Tensor();
        });
    }

    bool leads_on(const Node& node) const {
        return std::any_of(node.edges().begin(), node.edges().end(),
                           [&](const Edge& edge) { return edge && useful_.contains(edge.node.get()); });
    }

    void differentiate(Pending& now) {
        Node& node = *now.node;
        if (node.released)
            throw GraphError(
                fmt::format("{}: what its derivative needs was freed by an earlier backward pass. Pass retain_graph to "
                            "that one, or compute the value again.",
                            node.name()));
        const std::span<const Edge> edges = node.edges();
        if (edges.size() > capacity_) {
            capacity_ = std::max<std::size_t>(edges.size(), 8);
            wanted_ = std::make_unique<bool[]>(capacity_);
            dx_.resize(capacity_);
        }
        for (std::size_t i = 0; i < edges.size(); ++i)
            wanted_[i] = edges[i] && (!inputs_ || useful_.contains(edges[i].node.get()));

        for (Observer* each = this_thread.observer; each; each = each->outer()) each->before_derivative(node);
        const bool watched = this_thread.observer || node.extras();
        {
            const Running scope(node);
            node.run(now.gradients(), std::span(dx_).first(edges.size()), {wanted_.get(), edges.size()});
            if (!watched) now.one = Tensor(), now.several.clear();
            if (!options_.retain_graph) {
                node.release();
                node.released = true;
            }
            for (std::size_t i = 0; i < edges.size(); ++i)
                if (dx_[i].defined()) dx_[i] = wanted_[i] ? fitted(std::move(dx_[i]), node, i) : Tensor();
        }
        if (watched) [[unlikely]] {
            const std::span<const Tensor> dy = now.gradients();
            if (node.extras()) run_node_hooks(node, {dy.begin(), dy.end()});
            for (Observer* each = this_thread.observer; each; each = each->outer())
                each->after_derivative(node, dy, std::span(dx_).first(edges.size()));
        }
        for (std::size_t i = 0; i < edges.size(); ++i)
            if (Tensor dx = std::exchange(dx_[i], Tensor()); dx.defined()) add(edges[i], std::move(dx));
    }

    // A gradient with its input's shape and element type.
    static Tensor fitted(Tensor dx, const Node& node, std::size_t input) {
        const Edge& edge = node.edges()[input];
        const OutputInfo& wanted = edge.node->output(edge.index);
        if (dx.impl()->weak) dx = dx.to(wanted.dtype);
        if (dx.dtype() != wanted.dtype)
            throw GraphError(fmt::format("{}: the gradient of input {} must be {}; its derivative returned {}",
                                         node.name(), input, name(wanted.dtype), describe(dx)));
        if (dx.shape() == wanted.shape) return dx;
        if (broadcasts_to(wanted.shape, dx.shape())) return sum_to(dx, wanted.shape);
        if (!node.strict && broadcasts_to(dx.shape(), wanted.shape)) return broadcast_to(dx, wanted.shape);
        throw GraphError(
            fmt::format("{}: the gradient of input {} must have that input's shape {}; its derivative returned {}",
                        node.name(), input, str(wanted.shape), describe(dx)));
    }

    const Tensors* inputs_;
    PassOptions options_;
    PendingNodes pending_;
    std::unordered_set<const Node*> useful_;
    std::unordered_multimap<const Node*, std::pair<std::uint32_t, std::size_t>> captures_;
    Tensors results_;
    std::unique_ptr<bool[]> wanted_;
    std::vector<Tensor> dx_;
    std::size_t capacity_ = 0;
};

Tensor seed_for(const Tensor& output, const Tensor& seed, const char* where) {
    if (!output.requires_grad())
        throw GraphError(
            fmt::format("{}: the output, {}, is not on the tape: nothing it was computed from requires a gradient, or "
                        "it was computed under no_grad. Use set_requires_grad(true) on what should be differentiated.",
                        where, describe(output)));
    if (seed.defined()) {
        if (seed.shape() != output.shape())
            throw ShapeError(fmt::format("{}: the seed must have the output's shape {}; received {}", where,
                                         str(output.shape()), describe(seed)));
        if (seed.impl()->weak) return seed.to(output.dtype());
        if (seed.dtype() != output.dtype())
            throw DTypeError(fmt::format("{}: the seed must be {}, as the output; received {}. Convert it: x.to({}).",
                                         where, name(output.dtype()), describe(seed), name(output.dtype())));
        return seed;
    }
    if (output.elements() != 1)
        throw GraphError(fmt::format(
            "{}: without a seed the output must be a single number; received {}. Take sum() or mean(), or give a seed.",
            where, describe(output)));
    return Tensor(full_array(output.shape(), 1, output.dtype()));
}

}  // namespace

std::string running_op() { return this_thread.running ? this_thread.running->name() : "backward"; }

Tensors run_backward(const Tensors& outputs, const Tensors& seeds, const Tensors* inputs, const PassOptions& options) {
    const detail::GradMode mode(options.create_graph);
    Pass pass(outputs, inputs, options);
    for (std::size_t i = 0; i < outputs.size(); ++i) pass.add(outputs[i].impl()->edge, seeds[i]);
    return pass.run();
}

void Tensor::backward(const Tensor& seed, bool retain_graph) const {
    run_backward({*this}, {seed_for(*this, seed, "backward")}, nullptr,
                 {.create_graph = false, .retain_graph = retain_graph});
}

Tensors grad(const Tensors& outputs, const Tensors& inputs, const GradOptions& options) {
    if (!options.grad_outputs.empty() && options.grad_outputs.size() != outputs.size())
        throw ValueError(fmt::format("grad: grad_outputs needs one seed for each of the {} outputs; received {}",
                                     outputs.size(), options.grad_outputs.size()));
    Tensors seeds;
    for (std::size_t i = 0; i < outputs.size(); ++i)
        seeds.push_back(
            seed_for(outputs[i], options.grad_outputs.empty() ? Tensor() : options.grad_outputs[i], "grad"));
    for (std::size_t i = 0; i < inputs.size(); ++i)
        if (!inputs[i].requires_grad())
            throw GraphError(
                fmt::format("grad: input {} of {}, {}, does not require a gradient. Call set_requires_grad(true) "
                            "before it is used.",
                            i, inputs.size(), describe(inputs[i])));
    Tensors results = run_backward(outputs, seeds, &inputs,
                                   {.create_graph = options.create_graph,
                                    .retain_graph = options.retain_graph.value_or(options.create_graph)});
    for (std::size_t i = 0; i < results.size(); ++i)
        if (!results[i].defined() && !options.allow_unused)
            throw GraphError(
                fmt::format("grad: input {} of {}, {}, is not reached from the outputs. Was it used? Pass allow_unused "
                            "to get an undefined tensor instead.",
                            i, inputs.size(), describe(inputs[i])));
    return results;
}

Tensor grad(const Tensor& output, const Tensor& input, const GradOptions& options) {
    return grad(Tensors{output}, Tensors{input}, options)[0];
}

Tensors grad(const Tensor& output, const Tensors& inputs, const GradOptions& options) {
    return grad(Tensors{output}, inputs, options);
}

}  // namespace weft
