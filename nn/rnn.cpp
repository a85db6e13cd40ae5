#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/recall.hpp>
#include <weft/nn/cell_config.hpp>
#include <weft/nn/graph.hpp>
#include <weft/nn/mask.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/rnn.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

RNN::RNN(std::shared_ptr<RecurrentCell> cell, const RNNOptions& options) : cell_(std::move(cell)), options_(options) {
    set_common(options.name, options.input_shape);
    set_activity_regularizer(options.activity_regularizer);
    if (cell_->name().empty()) cell_->set_name(snake_case(cell_->class_name()));
    add_child("cell", cell_->state());
}

void RNN::check_input(const Shape& input) const {
    if (input.rank() != 3)
        throw ShapeError(fmt::format("{}: expects [batch, time, features]; received {} axes, {}.{}", label(),
                                     input.rank(), str(input),
                                     input.rank() == 2 ? " For one feature a step add an axis, x.reshape({batch, time, "
                                                         "1}); for token ids put an Embedding before it."
                                                       : ""));
    if (features_ != None && input[2] != None && input[2] != features_)
        throw ShapeError(
            fmt::format("{}: its weights were made for {} features; received {}", label(), features_, str(input)));
    if (input[1] == 0)
        throw ShapeError(fmt::format("{}: a sequence needs at least one step; received {}", label(), str(input)));
}

void RNN::build(const Shape& input) {
    check_input(input);
    if (input[2] == None)
        throw ShapeError(fmt::format("{}: the number of features must be known; received {}", label(), str(input)));
    cell_->build_for({input[0], input[2]});
    features_ = input[2];
}

// Those given beside x, those that the batch before left, or undefined ones, which are zeros.
Tensors RNN::first_states(const Tensors& inputs) const {
    const Tensor& x = inputs[0];
    const std::vector<std::int64_t> sizes = cell_->state_size();
    Tensors states(sizes.size());
    const Tensors carried = options_.stateful ? recalled(state()->carried) : Tensors();
    if (inputs.size() > 1) {
        if (inputs.size() != 1 + sizes.size())
            throw ValueError(fmt::format("{}: takes one input, or it and {} states; received {} tensors", label(),
                                         sizes.size(), inputs.size()));
        states.assign(inputs.begin() + 1, inputs.end());
        for (std::size_t i = 0; i < sizes.size(); ++i)
            if (states[i].defined() && states[i].shape() != Shape{x.shape(0), sizes[i]})
                throw ShapeError(fmt::format("{}: state {} must be [{}, {}]; received {}", label(), i, x.shape(0),
                                             sizes[i], describe(states[i])));
    } else if (options_.stateful && !carried.empty()) {
        states = carried;
        if (states[0].shape(0) != x.shape(0))
            throw ShapeError(
                fmt::format("{}: a stateful layer goes on from the batch before, which had {} sequences; received {}. "
                            "Call reset_states() to begin anew.",
                            label(), states[0].shape(0), describe(x)));
        for (Tensor& each : states) each = each.to(x.dtype());
    }
    return states;
}

Tensors RNN::call(const Tensors& inputs) {
    if (inputs.empty()) throw ValueError(fmt::format("{}: called without an input", label()));
    const Tensor& x = inputs[0];
    check_input(x.shape());
    const Tensor mask = mask_of(x);
    if (mask.defined() && (mask.dtype() != boolean || mask.shape() != Shape{x.shape(0), x.shape(1)}))
        throw ShapeError(fmt::format("{}: the mask must be bool [{}, {}], a value for each step of {}; received {}",
                                     label(), x.shape(0), x.shape(1), describe(x), describe(mask)));
    const Tensors states = first_states(inputs);
    const auto in_order = [&](const Tensor& t) { return options_.go_backwards && t.defined() ? flip(t, 1) : t; };
    const Tensor counts = in_order(mask);
    Tensors results = cell_->sequence(in_order(x), states, counts);
    if (options_.stateful && !recomputing()) {
        state()->carried.clear();
        for (std::size_t i = 1; i < results.size(); ++i) state()->carried.push_back(results[i].detach());
    }
    // The last state spares the derivative the zeros of all steps but one; it differs from the last output only where a
    // sequence is all masked.
    const bool as_state =
        cell_->output_is_state() && (!counts.defined() || (!states[0].defined() && !options_.zero_output_for_mask));
    if (!options_.return_sequences && as_state) {
        results[0] = results[1];
    } else {
        if (counts.defined() && options_.zero_output_for_mask)
            results[0] = where(expand_dims(counts, -1), results[0], 0);
        if (!options_.return_sequences) results[0] = select(results[0], 1, -1);
    }
    // As Keras has it: not turned round with go_backwards.
    if (options_.return_sequences && mask.defined()) set_mask(results[0], mask);
    if (!options_.return_state) results.resize(1);
    return results;
}

Shape RNN::output_shape(const Shape& input) {
    check_input(input);
    if (options_.return_sequences) return {input[0], input[1], cell_->output_size()};
    return {input[0], cell_->output_size()};
}

Shapes RNN::output_shapes(const Shapes& inputs) {
    Shapes shapes{output_shape(inputs.at(0))};
    if (options_.return_state)
        for (std::int64_t size : cell_->state_size()) shapes.push_back({inputs[0][0], size});
    return shapes;
}

std::shared_ptr<RNN> RNN::reversed() const {
    throw ValueError(fmt::format(
        "{}: a layer of its cell that goes the other way must be given; Bidirectional takes it as its backward_layer",
        label()));
}

nlohmann::json RNN::own_config() const {
    nlohmann::json config{{"return_sequences", options_.return_sequences},
                          {"return_state", options_.return_state},
                          {"go_backwards", options_.go_backwards},
                          {"stateful", options_.stateful},
                          {"unroll", false}};
    put_regularizer(config, "activity_regularizer", options_.activity_regularizer);
    if (options_.zero_output_for_mask) config["zero_output_for_mask"] = true;  // not known to Keras 2
    return config;
}

nlohmann::json RNN::config() const {
    nlohmann::json config = own_config();
    config["cell"] = nested_config(*cell_);
    return config;
}

Layer rnn_from_config(const nlohmann::json& c) {
    const Layer cell = nested_layer(c, "cell");
    if (!cell.as<RecurrentCell>())
        throw ValueError("RNN: its cell must be a recurrent one; the config has " + cell->label());
    RNNOptions options;
    read_rnn(c, options);
    return RNN(cell.share<RecurrentCell>(), options);
}

static const bool rnn_registered = register_layer("RNN", rnn_from_config);

}  // namespace weft::nn
