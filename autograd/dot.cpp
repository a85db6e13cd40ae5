#include <weft/autograd/dot.hpp>
#include <weft/autograd/node_extras.hpp>
#include <weft/autograd/saved.hpp>

#include <fmt/core.h>

#include <unordered_map>

namespace weft {
namespace {

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        if (c == '\n') result += "\\n";
        else result += c;
    }
    return result + "\"";
}

std::string describe(const OutputInfo& info) { return fmt::format("{} {}", name(info.dtype), str(info.shape)); }

}  // namespace

std::string to_dot(const Tensors& outputs) {
    std::string text =
        "digraph tape {\n"
        "  rankdir = TB;\n"
        "  node [fontname = \"Helvetica\", fontsize = 11, style = filled, fillcolor = \"#eef3f8\", color = "
        "\"#5b7fa3\"];\n"
        "  edge [fontname = \"Helvetica\", fontsize = 9, color = \"#777777\", fontcolor = \"#555555\"];\n";
    std::unordered_map<const Node*, std::size_t> number;
    std::vector<const Node*> order;
    const auto visit = [&](const Node* node) {
        if (number.emplace(node, order.size()).second) order.push_back(node);
        return number[node];
    };
    const auto arrow = [&](const Edge& edge, const std::string& to) {
        const std::string which = edge.node->outputs() > 1 ? fmt::format("{}: ", edge.index) : "";
        text += fmt::format("  n{} -> {} [label = {}];\n", visit(edge.node.get()), to,
                            quoted(which + describe(edge.node->output(edge.index))));
    };
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const std::string label =
            outputs[i].name().empty() ? outputs.size() > 1 ? fmt::format("output {}", i) : "output" : outputs[i].name();
        text +=
            fmt::format("  out{} [label = {}, shape = doublecircle, fillcolor = \"#fdf2d8\", color = \"#b8862b\"];\n",
                        i, quoted(label));
        if (outputs[i].requires_grad()) arrow(outputs[i].impl()->edge, fmt::format("out{}", i));
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
        const Node& node = *order[i];
        if (node.is_leaf()) {
            const std::string& label = static_cast<const Leaf&>(node).label;
            text += fmt::format("  n{} [label = {}, shape = box, fillcolor = \"#e3f1e0\", color = \"#5a9150\"];\n", i,
                                quoted((label.empty() ? "leaf" : label) + "\n" + describe(node.output(0))));
            continue;
        }
        const std::string modules = node.extras() && node.extras()->trace ? node.extras()->trace->modules : "";
        text += fmt::format("  n{} [label = {}];\n", i, quoted(node.name() + (modules.empty() ? "" : "\n" + modules)));
        for (const Edge& edge : node.edges())
            if (edge) arrow(edge, fmt::format("n{}", i));
    }
    return text + "}\n";
}

std::string to_dot(const Tensor& output) { return to_dot(Tensors{output}); }

}  // namespace weft
