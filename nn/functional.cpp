#include <weft/autograd/error.hpp>
#include <weft/nn/functional.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

namespace weft::nn {
namespace {

using CallPointer = const Call*;
using StatePointer = const State*;

std::string describe(const Call& call) {
    const std::string label = call.layer->label();
    return call.shapes.empty() ? label : fmt::format("{} {}", label, str(call.shapes[0]));
}

struct Found {
    std::vector<CallPointer> calls;           // each after those that it reads
    std::map<StatePointer, int> layer_index;  // by when the walk from the outputs first met the layer
};

// What the outputs need, down to the inputs.
Found reachable(const Symbol& inputs, const Symbol& outputs) {
    const auto given = [&](const Symbol::Value& value) {
        return std::find(inputs.values().begin(), inputs.values().end(), value) != inputs.values().end();
    };
    Found found;
    std::set<CallPointer> met;
    std::vector<std::pair<CallPointer, std::size_t>> path;  // a call and how many of its inputs have been followed
    const auto enter = [&](const Symbol::Value& value) {
        if (given(value) || !met.insert(value.call.get()).second) return;
        if (value.call->inputs.empty())
            throw ValueError(
                fmt::format("Model: an output needs {}, which is not among the inputs. Give it as one of them.",
                            describe(*value.call)));
        found.layer_index.emplace(value.call->layer->state().get(), static_cast<int>(found.layer_index.size()));
        path.emplace_back(value.call.get(), 0);
    };
    for (const Symbol::Value& output : outputs.values()) {
        enter(output);
        while (!path.empty()) {
            auto& [call, next] = path.back();
            if (next < call->inputs.size()) {
                enter(call->inputs[next++]);
                continue;
            }
            found.calls.push_back(call);
            path.pop_back();
        }
    }
    return found;
}

// Keras's order: the calls that are farthest from the outputs first; a layer's calls count as far as its farthest so
// far.
std::vector<CallPointer> sorted_by_depth(Found& found) {
    std::map<CallPointer, int> depth;
    std::map<StatePointer, int> layer_depth;
    for (auto call = found.calls.rbegin(); call != found.calls.rend(); ++call) {
        int& of_layer = layer_depth[(*call)->layer->state().get()];
        of_layer = std::max(depth[*call], of_layer);
        depth[*call] = of_layer;
        for (const Symbol::Value& input : (*call)->inputs)
            depth[input.call.get()] = std::max(depth[input.call.get()], of_layer + 1);
    }
    const auto key = [&](CallPointer call) {
        return std::pair(-depth[call], found.layer_index[call->layer->state().get()]);
    };
    std::vector<CallPointer> sorted = found.calls;
    std::stable_sort(sorted.begin(), sorted.end(), [&](CallPointer a, CallPointer b) { return key(a) < key(b); });
    return sorted;
}

// A name for each layer: the user's own, else the one that another model gave, else Keras's.
std::map<StatePointer, std::string> named(const std::vector<CallPointer>& calls) {
    std::map<StatePointer, std::string> names;
    std::vector<std::string> taken;
    const auto is_taken = [&](const std::string& name) {
        return std::find(taken.begin(), taken.end(), name) != taken.end();
    };
    const auto give = [&](const Call& call, const std::string& name) {
        taken.push_back(name);
        names[call.layer->state().get()] = name;
    };
    for (CallPointer call : calls) {
        const State& state = *call->layer->state();
        if (!state.named_by_user || names.contains(&state)) continue;
        if (is_taken(state.name))
            throw ValueError(
                fmt::format("Model: two of its layers are named '{}'. Give each a name of its own, or call one layer "
                            "twice to share its weights.",
                            state.name));
        give(*call, state.name);
    }
    for (CallPointer call : calls) {
        const State& state = *call->layer->state();
        if (!names.contains(&state) && !state.name.empty() && !is_taken(state.name)) give(*call, state.name);
    }
    for (CallPointer call : calls) {
        State& state = *call->layer->state();
        if (names.contains(&state)) continue;
        give(*call, default_name(call->layer->class_name(), taken));
        if (state.name.empty()) state.name = names[&state];
    }
    return names;
}

}  // namespace

Graph graph_between(const Symbol& inputs, const Symbol& outputs) {
    if (inputs.size() == 0 || outputs.size() == 0)
        throw ValueError("Model: it needs at least one input and one output");
    Found found = reachable(inputs, outputs);

    // An input in the middle of another graph is named as if an InputLayer stood there.
    std::vector<CallPointer> all;
    for (const Symbol::Value& input : inputs.values())
        if (input.call->inputs.empty()) all.push_back(input.call.get());
    all.insert(all.end(), found.calls.begin(), found.calls.end());
    const std::map<StatePointer, std::string> names = named(all);

    Graph graph;
    std::map<std::pair<CallPointer, int>, int> number;
    for (const Symbol::Value& input : inputs.values()) {
        const Call& call = *input.call;
        if (!number.emplace(std::pair(&call, input.index), graph.values).second)
            throw ValueError(fmt::format("Model: {} is given twice as an input", describe(call)));
        const auto reads = [&](CallPointer reader) {
            return std::find(reader->inputs.begin(), reader->inputs.end(), input) != reader->inputs.end();
        };
        const bool is_output =
            std::find(outputs.values().begin(), outputs.values().end(), input) != outputs.values().end();
        if (!is_output && std::none_of(found.calls.begin(), found.calls.end(), reads))
            throw ValueError(
                fmt::format("Model: no output needs the input {}. Leave it out, or connect it.", describe(call)));
        graph.inputs.push_back(graph.values++);
        graph.input_shapes.push_back(call.shapes[static_cast<std::size_t>(input.index)]);
        const InputLayer* layer = call.layer.as<InputLayer>();
        graph.input_dtypes.push_back(layer ? layer->dtype() : float32);
        std::vector<std::string> taken = graph.input_names;
        for (const auto& [state, name] : names) taken.push_back(name);
        graph.input_names.push_back(layer ? names.at(call.layer->state().get()) : default_name("InputLayer", taken));
    }
    std::map<StatePointer, Layer> layers;  // copies of a layer, each called once, are one layer here
    std::map<StatePointer, int> calls;
    for (CallPointer call : sorted_by_depth(found)) {
        const StatePointer state = call->layer->state().get();
        layers.emplace(state, call->layer);
        GraphNode node{names.at(state), layers.at(state), {}, {}, calls[state]++};
        for (const Symbol::Value& input : call->inputs)
            node.inputs.push_back(number.at({input.call.get(), input.index}));
        for (std::size_t i = 0; i < call->shapes.size(); ++i) {
            node.outputs.push_back(graph.values);
            number.emplace(std::pair(call, static_cast<int>(i)), graph.values++);
        }
        graph.nodes.push_back(std::move(node));
    }
    for (const Symbol::Value& output : outputs.values())
        graph.outputs.push_back(number.at({output.call.get(), output.index}));
    return graph;
}

}  // namespace weft::nn
