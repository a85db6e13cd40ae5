#include <weft/nn/graph.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/rnn.hpp>
#include <weft/nn/stacked_rnn_cells.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

StackedRNNCells::StackedRNNCells(const std::vector<Layer>& cells) : cells_(cells) {
    if (cells.empty()) throw ValueError("StackedRNNCells: needs at least one cell; received none");
    std::vector<std::string> taken, places;
    const auto list = std::make_shared<State>();  // Keras keeps them under cells/<class>
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        if (!cells_[i] || !cells_[i].as<RecurrentCell>())
            throw ValueError(fmt::format("StackedRNNCells: takes cells, such as LSTMCell; received {}",
                                         cells_[i] ? cells_[i]->label() : "nothing"));
        if (cells_[i]->name().empty()) cells_[i]->set_name(default_name(cells_[i]->class_name(), taken));
        taken.push_back(cells_[i]->name());
        places.push_back(default_name(cells_[i]->class_name(), places));
        list->children.emplace_back(places.back(), cells_[i]->state());
    }
    add_child("cells", list);
}

std::vector<std::int64_t> StackedRNNCells::state_size() const {
    std::vector<std::int64_t> sizes;
    for (std::size_t i = 0; i < cells_.size(); ++i)
        for (std::int64_t size : cell(i).state_size()) sizes.push_back(size);
    return sizes;
}

void StackedRNNCells::build(const Shape& input) {
    Shape shape = input;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        cell(i).build_for(shape);
        shape = {input[0], cell(i).output_size()};
    }
}

Tensors StackedRNNCells::call(const Tensors& inputs) {
    const std::size_t states = state_size().size();
    if (inputs.size() != 1 && inputs.size() != 1 + states)
        throw ValueError(fmt::format("{}: takes x, or {{x, states...}}, {} tensors; received {}", label(), 1 + states,
                                     inputs.size()));
    const Tensors given = inputs.size() == 1 ? with_zeros({}, inputs[0].shape().empty() ? 0 : inputs[0].shape(0))
                                             : Tensors(inputs.begin() + 1, inputs.end());
    Tensors results{inputs[0]};
    std::size_t at = 0;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        Tensors arguments{results[0]};
        for (std::size_t k = 0; k < cell(i).state_size().size(); ++k) arguments.push_back(given[at++]);
        const Tensors next = cell(i)(arguments);
        results[0] = next[0];
        results.insert(results.end(), next.begin() + 1, next.end());
    }
    return results;
}

// Cell by cell instead of step by step: the same values, and each cell may take all steps at once.
Tensors StackedRNNCells::sequence(const Tensor& x, const Tensors& states, const Tensor& mask) {
    Tensors results{x};
    std::size_t at = 0;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
        const std::size_t count = cell(i).state_size().size();
        const Tensors own(states.begin() + static_cast<std::ptrdiff_t>(at),
                          states.begin() + static_cast<std::ptrdiff_t>(at + count));
        at += count;
        const Tensors next = cell(i).sequence(results[0], own, mask);
        results[0] = next[0];
        results.insert(results.end(), next.begin() + 1, next.end());
    }
    return results;
}

nlohmann::json StackedRNNCells::config() const {
    nlohmann::json cells = nlohmann::json::array();
    for (const Layer& each : cells_) cells.push_back(nested_config(*each));
    return {{"cells", cells}};
}

static const bool stacked_rnn_cells_registered =
    register_layer("StackedRNNCells", [](const nlohmann::json& c) -> Layer {
        std::vector<Layer> cells;
        if (c.contains("cells") && c["cells"].is_array())
            for (const nlohmann::json& entry : c["cells"]) cells.push_back(nested_layer({{"cell", entry}}, "cell"));
        return StackedRNNCells(cells);
    });

}  // namespace weft::nn
