#include <weft/nn/model.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <unordered_set>

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
    std::string digits = std::to_string(n);
    for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<std::size_t>(i), ",");
    return digits;
}

std::string size_of(std::size_t bytes) {
    const auto value = static_cast<double>(bytes);
    if (value < 1024) return fmt::format("{} B", bytes);
    if (value < 1024 * 1024) return fmt::format("{:.2f} KB", value / 1024);
    return fmt::format("{:.2f} MB", value / 1024 / 1024);
}

using Row = std::array<std::string, 3>;

std::string rule(const std::array<std::size_t, 3>& width, const char* left, const char* middle, const char* right) {
    std::string text = left;
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t k = 0; k < width[i] + 2; ++k) text += "─";
        text += i < 2 ? middle : right;
    }
    return text + "\n";
}

}  // namespace

std::string Model::summary_text() const {
    std::vector<Row> rows{{"Layer (type)", "Output shape", "Parameters"}};
    std::vector<Shape> shapes;
    if (!graph_->input_shapes.empty()) shapes = graph_->shapes(graph_->input_shapes);
    const auto row = [&](const std::string& name, const std::string& type, const Shape* shape, const State& state) {
        Counts counts;
        std::unordered_set<const void*> seen;
        count(state, seen, counts);
        const bool known = shape || counts.trainable + counts.frozen > 0;
        rows.push_back({fmt::format("{} ({})", name, type), shape ? str(*shape) : "?", known ? with_commas(counts.trainable + counts.frozen) : "? (unbuilt)"});
    };
    for (const GraphNode& node : graph_->nodes)
        row(node.name, node.layer->class_name(), shapes.empty() ? nullptr : &shapes[static_cast<std::size_t>(node.outputs[0])], *node.layer->state());
    if (graph_->nodes.empty())
        for (const auto& [name, child] : state()->children) row(name, child->name, nullptr, *child);

    std::array<std::size_t, 3> width{};
    for (const Row& r : rows)
        for (std::size_t i = 0; i < 3; ++i) width[i] = std::max(width[i], r[i].size());
    std::string text = fmt::format("Model: \"{}\"\n", name().empty() ? snake_case(class_name()) : name()) + rule(width, "┌", "┬", "┐");
    for (std::size_t i = 0; i < rows.size(); ++i) {
        text += fmt::format("│ {:<{}} │ {:<{}} │ {:>{}} │\n", rows[i][0], width[0], rows[i][1], width[1], rows[i][2], width[2]);
        if (i == 0) text += rule(width, "├", "┼", "┤");
    }
    text += rule(width, "└", "┴", "┘");
    Counts total;
    std::unordered_set<const void*> seen;
    count(*state(), seen, total);
    text += fmt::format("Total parameters: {} ({})\nTrainable: {}\nNot trainable: {}\n", with_commas(total.trainable + total.frozen),
                        size_of(total.bytes), with_commas(total.trainable), with_commas(total.frozen));
    return text;
}

void Model::summary() const { fmt::print("{}", summary_text()); }

}  // namespace weft::nn
