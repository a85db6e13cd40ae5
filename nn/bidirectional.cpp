#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/nn/bidirectional.hpp>
#include <weft/nn/graph.hpp>
#include <weft/nn/mask.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <map>

namespace weft::nn {
namespace {

using Merge = Tensor (*)(const Tensor& first, const Tensor& second);

const std::map<std::string, Merge>& merges() {
    static const std::map<std::string, Merge> known{
        {"concat", [](const Tensor& a, const Tensor& b) { return concat({a, b}, -1); }},
        {"sum", [](const Tensor& a, const Tensor& b) { return a + b; }},
        {"mul", [](const Tensor& a, const Tensor& b) { return a * b; }},
        {"ave", [](const Tensor& a, const Tensor& b) { return (a + b) * 0.5; }},
        {"none", nullptr},
    };
    return known;
}

}  // namespace

Bidirectional::Bidirectional(std::shared_ptr<RNN> layer, const BidirectionalOptions& options)
    : forward_(std::move(layer)), options_(options) {
    set_common(options.name, options.input_shape);
    if (!merges().contains(options.merge_mode))
        throw ValueError(
            fmt::format("{}: merge_mode must be \"concat\", \"sum\", \"mul\", \"ave\" or \"none\"; received \"{}\"",
                        label(), options.merge_mode));
    if (options.backward_layer) {
        const auto* given = options.backward_layer.as<RNN>();
        if (!given || given->options().go_backwards == forward_->options().go_backwards ||
            given->options().return_sequences != forward_->options().return_sequences ||
            given->options().return_state != forward_->options().return_state)
            throw ValueError(
                fmt::format("{}: the backward_layer must be a recurrent layer that goes the other way and returns the "
                            "same; received {}",
                            label(), options.backward_layer->label()));
        backward_ = options.backward_layer.share<RNN>();
    } else {
        backward_ = forward_->reversed();
    }
    const std::string base = forward_->name().empty() ? snake_case(forward_->class_name()) : forward_->name();
    if (!forward_->name().starts_with("forward_")) forward_->set_name("forward_" + base);
    if (backward_->name().empty()) backward_->set_name("backward_" + base);
    add_child("forward_layer", forward_->state());
    add_child("backward_layer", backward_->state());
}

void Bidirectional::build(const Shape& input) {
    forward_->build_for(input);
    backward_->build_for(input);
}

Tensors Bidirectional::call(const Tensors& inputs) {
    if (inputs.size() % 2 == 0)
        throw ValueError(
            fmt::format("{}: takes one input, or it and the states of both directions; received {} tensors", label(),
                        inputs.size()));
    const auto half = static_cast<std::ptrdiff_t>(inputs.size() / 2);
    Tensors to_first{inputs[0]}, to_second{inputs[0]};
    to_first.insert(to_first.end(), inputs.begin() + 1, inputs.begin() + 1 + half);
    to_second.insert(to_second.end(), inputs.begin() + 1 + half, inputs.end());
    Tensors first = (*forward_)(to_first), second = (*backward_)(to_second);
    if (forward_->options().return_sequences) second[0] = flip(second[0], 1);
    Tensors results;
    const Merge merge = merges().at(options_.merge_mode);
    if (merge) results = {merge(first[0], second[0])};
    else results = {first[0], second[0]};
    if (forward_->options().return_sequences)
        if (const Tensor mask = mask_of(inputs[0]); mask.defined())
            for (Tensor& result : results) set_mask(result, mask);
    results.insert(results.end(), first.begin() + 1, first.end());
    results.insert(results.end(), second.begin() + 1, second.end());
    return results;
}

Shapes Bidirectional::output_shapes(const Shapes& inputs) {
    const Shapes first = forward_->output_shapes({inputs.at(0)}), second = backward_->output_shapes({inputs[0]});
    Shapes shapes{first[0]};
    if (options_.merge_mode == "none") shapes.push_back(second[0]);
    if (options_.merge_mode == "concat") shapes[0][shapes[0].rank() - 1] += second[0].back();
    shapes.insert(shapes.end(), first.begin() + 1, first.end());
    shapes.insert(shapes.end(), second.begin() + 1, second.end());
    return shapes;
}

nlohmann::json Bidirectional::config() const {
    return {{"layer", nested_config(*forward_)},
            {"backward_layer", nested_config(*backward_)},
            {"merge_mode", options_.merge_mode == "none" ? nlohmann::json() : nlohmann::json(options_.merge_mode)}};
}

Layer bidirectional_from_config(const nlohmann::json& c) {
    const Layer layer = nested_layer(c, "layer");
    if (!layer.as<RNN>())
        throw ValueError("Bidirectional: its layer must be a recurrent one; the config has " + layer->label());
    BidirectionalOptions options;
    options.merge_mode =
        c.contains("merge_mode") && c["merge_mode"].is_null() ? "none" : config_string(c, "merge_mode", "concat");
    if (c.contains("backward_layer") && !c["backward_layer"].is_null())
        options.backward_layer = nested_layer(c, "backward_layer");
    return Bidirectional(layer.share<RNN>(), options);
}

static const bool bidirectional_registered = register_layer("Bidirectional", bidirectional_from_config);

}  // namespace weft::nn
