// What the sources of LSTM, GRU and SimpleRNN share: options from layer to cell, and to and from Keras's config.
#pragma once

#include <weft/nn/registry.hpp>
#include <weft/nn/rnn.hpp>

#include <nlohmann/json.hpp>

#include <memory>
#include <string>

namespace weft::nn {

/// `cell` with what a layer's options say of it, but for what only this kind of cell has.
template <class CellOptions, class Options>
CellOptions cell_options(const Options& options, CellOptions cell) {
    copy_cell_settings(options, cell);
    return cell;
}

// Keras joins the cell's config with the layer's.
template <class L, class Options>
nlohmann::json ClassicRNN<L, Options>::config() const {
    nlohmann::json config = own_config();
    config.update(cell().config());
    return config;
}

template <class L, class Options>
std::shared_ptr<RNN> ClassicRNN<L, Options>::reversed() const {
    Options options = options_;
    options.go_backwards = !options.go_backwards;
    options.name.clear();
    return std::make_shared<L>(units_, options);
}

template <class Options>
void read_cell(const nlohmann::json& c, Options& o) {
    if (c.contains("activation")) o.activation = config_activation(c);
    if constexpr (requires { o.recurrent_activation; })
        if (c.contains("recurrent_activation")) o.recurrent_activation = config_activation(c, "recurrent_activation");
    o.use_bias = config_bool(c, "use_bias", true);
    read_weight(c, "kernel", o.kernel_initializer, o.kernel_regularizer, o.kernel_constraint);
    read_weight(c, "recurrent", o.recurrent_initializer, o.recurrent_regularizer, o.recurrent_constraint);
    read_weight(c, "bias", o.bias_initializer, o.bias_regularizer, o.bias_constraint);
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
    o.activity_regularizer = config_regularizer(c, "activity_regularizer");
}

/// Registers the layer under its Keras name and its cell under that with "Cell"; read_own(config, options) reads what
/// only this kind has, in the options of both.
template <class L, class Options, class Cell, class CellOptions, class F>
bool register_recurrent(const std::string& name, F read_own) {
    register_layer(name + "Cell", [read_own](const nlohmann::json& c) -> Layer {
        CellOptions options;
        read_cell(c, options);
        read_own(c, options);
        return Cell(config_int(c, "units", 0), options);
    });
    return register_layer(name, [read_own](const nlohmann::json& c) -> Layer {
        Options options;
        read_cell(c, options);
        read_own(c, options);
        read_rnn(c, options);
        return L(config_int(c, "units", 0), options);
    });
}

}  // namespace weft::nn
