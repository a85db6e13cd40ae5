#include <weft/autograd/checkpoint.hpp>
#include <weft/autograd/engine.hpp>
#include <weft/autograd/error.hpp>
#include <weft/autograd/mode.hpp>
#include <weft/autograd/observe.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/random.hpp>
#include <weft/autograd/recall.hpp>
#include <weft/autograd/record.hpp>
#include <weft/autograd/threads.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <unordered_set>

namespace weft {
namespace {

std::size_t fingerprint(const Tensor& x) {
    const Array& array = x.data();
    return std::hash<std::string_view>()({array.data<char>(), array.bytes()});
}

// A function that can be called again, and what it reaches on the tape besides its inputs.
struct Segment {
    TensorFunction f;
    Generator draws;                          // as it was at the first call
    Tensors captured{};                       // places on the tape, without elements
    detail::RunLog log{};                     // of the first call
    std::vector<std::size_t> fingerprints{};  // of the first call's results
    int threads = 0;                          // of the first call; another number may round otherwise
};

// What the tape has noticed for saved values it cannot for those that are computed again: that they are no longer the
// same.
void check_same(const Segment& segment, const Tensors& results) {
    if (segment.threads != num_threads()) return;
    for (std::size_t i = 0; i < std::min(segment.fingerprints.size(), results.size()); ++i)
        if (fingerprint(results[i]) != segment.fingerprints[i])
            throw GraphError(
                fmt::format("checkpoint: its function, called again for the derivative, gave another result {} (shape "
                            "{}) than at first. What it uses besides its inputs was changed since, or it draws from a "
                            "generator of its own. Take the derivative before changing that, or make it an input.",
                            i, str(results[i].shape())));
}

Tensors run(const Segment& segment, const Tensors& inputs) {
    Generator again = segment.draws;
    const GeneratorScope scope(again);
    const detail::RunScope run(segment.log);
    const EnableGrad recording;
    return segment.f(inputs);
}

Tensors leaves(const Tensors& inputs, const Tensors& like) {
    Tensors found;
    for (std::size_t i = 0; i < inputs.size(); ++i)
        found.push_back(inputs[i].detach().set_requires_grad(like[i].requires_grad()));
    return found;
}

// The nodes that are made while it lives.
class Discovery final : public Observer {
public:
    Discovery() = default;
    ~Discovery() override = default;
    void op(const std::string&, Node* node, std::uint32_t, std::size_t) override {
        if (node) made_.insert(node);
    }

    // What the outputs were made of that was there before, other than `inputs`.
    Tensors reached(const Tensors& outputs, const Tensors& inputs) const {
        std::unordered_set<const Node*> own, seen;
        for (const Tensor& input : inputs) own.insert(input.impl()->edge.node.get());
        std::vector<const Node*> waiting;
        std::vector<Edge> found;
        const auto visit = [&](const Edge& edge) {
            const Node* node = edge.node.get();
            if (!node || own.contains(node)) return;
            if (made_.contains(node)) {
                if (seen.insert(node).second) waiting.push_back(node);
                return;
            }
            for (const Edge& before : found)
                if (before.node == edge.node && before.index == edge.index) return;
            found.push_back(edge);
        };
        for (const Tensor& output : outputs) visit(output.impl()->edge);
        while (!waiting.empty()) {
            const Node* node = waiting.back();
            waiting.pop_back();
            for (const Edge& edge : node->edges()) visit(edge);
        }
        Tensors places;
        for (const Edge& edge : found) places.emplace_back(Array()).impl()->edge = edge;
        return places;
    }

private:
    std::unordered_set<const Node*> made_;
};

Tensors joined(Tensors a, const Tensors& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

// The derivatives of sum(dy * segment(x)) by x and by what the segment captured; all = x, then the dy that are there.
// Recorded if recording is on.
Tensors derivatives(const Segment& segment, std::size_t inputs, const std::vector<bool>& has_dy, const Tensors& all) {
    const bool create_graph = grad_enabled();
    const Tensors x(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(inputs));
    Tensors outputs, seeds, wanted, places;
    const Tensors results = run(segment, x);
    check_same(segment, results);
    for (std::size_t k = 0, at = inputs; k < results.size(); ++k) {
        if (!has_dy[k]) continue;
        const Tensor& dy = all[at++];
        if (results[k].requires_grad()) outputs.push_back(results[k]), seeds.push_back(dy);
    }
    for (const Tensor& each : x)
        if (each.requires_grad()) wanted.push_back(each);
    wanted = joined(std::move(wanted), segment.captured);
    Tensors found(wanted.size());
    if (!outputs.empty())
        found = run_backward(outputs, seeds, &wanted,
                             {.create_graph = create_graph, .retain_graph = create_graph, .stop_at_inputs = true});
    Tensors gradients;
    std::size_t at = 0;
    const auto next = [&](const Edge& place) {
        Tensor gradient = found[at++];
        const OutputInfo& info = place.node->output(place.index);
        gradients.push_back(gradient.defined() ? gradient : zeros(info.shape, info.dtype));
    };
    for (const Tensor& each : x)
        if (each.requires_grad()) next(each.impl()->edge);
        else gradients.push_back(zeros({}, float32));
    for (const Tensor& place : segment.captured) next(place.impl()->edge);
    return gradients;
}

Tensors replayable(std::shared_ptr<const Segment> segment, const Tensors& inputs, const Tensors& values);

Gradients replay(const std::shared_ptr<const Segment>& segment, const Tensors& inputs, const Tensors& dy) {
    std::vector<bool> has_dy;
    Tensors all = inputs;
    for (const Tensor& each : dy) {
        has_dy.push_back(each.defined());
        if (each.defined()) all.push_back(each);
    }
    const std::size_t n = inputs.size();
    if (!grad_enabled())
        return derivatives(*segment, n, has_dy,
                           joined(leaves(inputs, inputs), {all.begin() + static_cast<std::ptrdiff_t>(n), all.end()}));
    // The derivative is itself a function of the inputs, of dy and of what was captured, and is replayed in its turn.
    const TensorFunction f = [segment, n, has_dy](const Tensors& t) { return derivatives(*segment, n, has_dy, t); };
    const auto derivative = std::make_shared<Segment>(Segment{f, segment->draws, segment->captured});
    const detail::RunScope first(derivative->log);
    const Tensors values = no_grad([&] {
        return f(joined(leaves(inputs, inputs), {all.begin() + static_cast<std::ptrdiff_t>(n), all.end()}));
    });
    return replayable(derivative, all, values);
}

// `values` on the tape, as the results of a node whose derivative calls the segment again.
Tensors replayable(std::shared_ptr<const Segment> segment, const Tensors& inputs, const Tensors& values) {
    std::vector<Array> results;
    std::vector<Saved> kept;
    for (const Tensor& value : values) results.push_back(value.data());
    for (const Tensor& input : inputs) kept.push_back(save(input));
    return record_list(
        std::move(results), joined(inputs, segment->captured),
        [segment, kept](Wanted, const Tensors& dy) { return replay(segment, Tensors(kept.begin(), kept.end()), dy); },
        {}, "checkpoint");
}

}  // namespace

Tensors checkpoint(const TensorFunction& f, const Tensors& inputs) {
    if (!grad_enabled()) return f(inputs);
    const auto segment = std::make_shared<Segment>(Segment{f, default_generator()});
    Tensors outputs;
    {
        Generator draws = segment->draws;
        const Discovery discovery;
        const Tensors x = leaves(inputs, inputs);
        {
            const GeneratorScope scope(draws);
            const detail::RunScope first(segment->log);
            outputs = f(x);
        }
        segment->captured = discovery.reached(outputs, x);
        segment->threads = num_threads();
        for (const Tensor& output : outputs) segment->fingerprints.push_back(fingerprint(output));
        default_generator() = draws;
    }
    for (Tensor& output : outputs) output = output.detach();
    return replayable(segment, inputs, outputs);
}

}  // namespace weft
