#include <weft/nn/model.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace weft::nn {
namespace {

struct Counts {
    std::int64_t trainable = 0, frozen = 0;
    std::size_t bytes = 0;
};

void count(const State& state, std::unordered_set<const void*>& seen, Counts& counts) {
    for (const State::Weight& weight : state.weights) {
        if (!seen.insert(weight.tensor.impl()).second) continue;
        (weight.tensor.requires_grad() ? counts.trainable : counts.frozen) += weight.tensor.elements();
        counts.bytes += weight.tensor.data().bytes();
    }
    for (const auto& [name, child] : state.children) count(*child, seen, counts);
}

std::string with_commas(std::int64_t n) {
    const std::string digits = std::to_string(n);
    std::string grouped;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
        grouped += digits[i];
    }
    return grouped;
}

std::string size_of(std::size_t bytes) {
    const auto value = static_cast<double>(bytes);
    if (value < 1024) return fmt::format("{} B", bytes);
    if (value < 1024 * 1024) return fmt::format("{:.2f} KB", value / 1024);
    return fmt::format("{:.2f} MB", value / 1024 / 1024);
}

using Row = std::vector<std::string>;

std::string rule(const std::vector<std::size_t>& width, const char* left, const char* middle, const char* right) {
    std::string text = left;
    for (std::size_t i = 0; i < width.size(); ++i) {
        for (std::size_t k = 0; k < width[i] + 2; ++k) text += "─";
        text += i + 1 < width.size() ? middle : right;
    }
    return text + "\n";
}

std::string parameters_of(const State& state, bool built) {
    Counts counts;
    std::unordered_set<const void*> seen;
    count(state, seen, counts);
    return built || counts.trainable + counts.frozen > 0 ? with_commas(counts.trainable + counts.frozen)
                                                         : "? (unbuilt)";
}

// "dense[0][0], input_layer[0][0]": which result of which call each input is, as Keras tells it.
std::string connections(const Graph& graph, const GraphNode& node) {
    std::string text;
    for (int value : node.inputs) {
        const Origin origin = graph.origin(value);
        text += fmt::format("{}{}[{}][{}]", text.empty() ? "" : ", ", origin.layer, origin.call, origin.index);
    }
    return text;
}

}  // namespace

std::string Model::summary_text() const {
    const bool chain = graph_->nodes.empty() || graph_->is_chain();
    std::vector<Row> rows{{"Layer (type)", "Output shape", "Parameters"}};
    if (!chain) rows[0].push_back("Connected to");
    Shapes shapes;
    if (!graph_->input_shapes.empty()) shapes = graph_->shapes(graph_->input_shapes);
    const auto shape_of = [&](int value) {
        return shapes.empty() ? "?" : str(shapes[static_cast<std::size_t>(value)]);
    };
    if (!chain)
        for (std::size_t i = 0; i < graph_->inputs.size(); ++i)
            rows.push_back(
                {fmt::format("{} (InputLayer)", graph_->input_names[i]), shape_of(graph_->inputs[i]), "0", "-"});
    for (const GraphNode* node : graph_->layers()) {
        std::string shape;
        for (int output : node->outputs) shape += (shape.empty() ? "" : ", ") + shape_of(output);
        rows.push_back({fmt::format("{} ({})", node->name, node->layer->class_name()), shape,
                        parameters_of(*node->layer->state(), !shapes.empty())});
        if (chain) continue;
        std::string connected;  // of every call
        for (const GraphNode& call : graph_->nodes)
            if (call.layer->state() == node->layer->state())
                connected += (connected.empty() ? "" : ", ") + connections(*graph_, call);
        rows.back().push_back(connected);
    }
    if (graph_->nodes.empty())
        for (const auto& [name, child] : state()->children)
            rows.push_back({fmt::format("{} ({})", name, child->name), "?", parameters_of(*child, false)});

    std::vector<std::size_t> width(rows[0].size());
    for (const Row& r : rows)
        for (std::size_t i = 0; i < r.size(); ++i) width[i] = std::max(width[i], r[i].size());
    std::string text =
        fmt::format("Model: \"{}\"\n", name().empty() ? snake_case(class_name()) : name()) + rule(width, "┌", "┬", "┐");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t k = 0; k < width.size(); ++k)
            text += k == 2 ? fmt::format("│ {:>{}} ", rows[i][k], width[k])
                           : fmt::format("│ {:<{}} ", rows[i][k], width[k]);
        text += "│\n";
        if (i == 0) text += rule(width, "├", "┼", "┤");
    }
    text += rule(width, "└", "┴", "┘");
    Counts total;
    std::unordered_set<const void*> seen;
    count(*state(), seen, total);
    text += fmt::format("Total parameters: {} ({})\nTrainable: {}\nNot trainable: {}\n",
                        with_commas(total.trainable + total.frozen), size_of(total.bytes), with_commas(total.trainable),
                        with_commas(total.frozen));
    return text;
}

void Model::summary() const { fmt::print("{}", summary_text()); }

}  // namespace weft::nn
