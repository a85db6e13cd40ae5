// What the sources of LSTM, GRU and SimpleRNN share: options from layer to cell, and to and from Keras's config.
#pragma once

#include <weft/nn/registry.hpp>
#include <weft/nn/rnn.hpp>

#include <nlohmann/json.hpp>

#include <memory>

namespace weft::nn {

/// `cell` with what a layer's options say of it, but for what only this kind of cell has.
template <class CellOptions, class Options>
CellOptions cell_options(const Options& o, CellOptions cell) {
    cell.activation = o.activation;
    cell.use_bias = o.use_bias;
    cell.kernel_initializer = o.kernel_initializer;
    cell.recurrent_initializer = o.recurrent_initializer;
    cell.bias_initializer = o.bias_initializer;
    cell.dropout = o.dropout;
    cell.recurrent_dropout = o.recurrent_dropout;
    return cell;
}

template <class L, class Options>
std::shared_ptr<RNN> reversed_layer(std::int64_t units, Options options) {
    options.go_backwards = !options.go_backwards;
    options.name.clear();
    return std::make_shared<L>(units, options);
}

template <class Options>
void read_cell(const nlohmann::json& c, Options& o) {
    if (c.contains("activation")) o.activation = config_activation(c);
    o.use_bias = config_bool(c, "use_bias", true);
    o.kernel_initializer = config_initializer(c, "kernel_initializer", o.kernel_initializer);
    o.recurrent_initializer = config_initializer(c, "recurrent_initializer", o.recurrent_initializer);
    o.bias_initializer = config_initializer(c, "bias_initializer", o.bias_initializer);
    o.dropout = config_number(c, "dropout", 0);
    o.recurrent_dropout = config_number(c, "recurrent_dropout", 0);
}

template <class Options>
void read_rnn(const nlohmann::json& c, Options& o) {
    o.return_sequences = config_bool(c, "return_sequences", false);
    o.return_state = config_bool(c, "return_state", false);
    o.go_backwards = config_bool(c, "go_backwards", false);
    o.stateful = config_bool(c, "stateful", false);
    o.zero_output_for_mask = config_bool(c, "zero_output_for_mask", false);
}

}  // namespace weft::nn
