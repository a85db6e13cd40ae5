// The recurrent layer: a cell repeated over the steps of sequences.
#pragma once

#include <weft/nn/layer.hpp>
#include <weft/nn/recurrent_cell.hpp>

#include <memory>

namespace weft::nn {

struct RNNOptions {
    bool return_sequences = false;      ///< the outputs of all steps, [batch, time, size], and not the last alone
    bool return_state = false;          ///< the last states as further results
    bool go_backwards = false;          ///< the steps from last to first; outputs come in that order
    bool stateful = false;  ///< a batch goes on from the states that the one before left: see reset_states()
    bool zero_output_for_mask = false;  ///< masked steps put out 0, and do not repeat the previous output
    Regularizer activity_regularizer = {};  ///< of all results, the states too
    Shape input_shape = {};             ///< without the batch axis: {None, features} for any length
    std::string name = {};
};

/// A cell over the steps of [batch, time, features], any batch and any length at every call. Called with several
/// tensors, {x, states...}, it begins with these states; else with zeros or, if stateful, where the last batch ended. A
/// mask that travels with x says which steps count; with return_sequences it goes on. Child: cell. Throws ShapeError
/// for another number of axes or features, no steps, a mask or states that do not fit.
class RNN : public Module {
public:
    template <std::derived_from<RecurrentCell> Cell>
    explicit RNN(const Cell& cell, const RNNOptions& options = {}) : RNN(std::make_shared<Cell>(cell), options) {}

    void build(const Shape& input) override;
    Tensors call(const Tensors& inputs) override;
    Shape output_shape(const Shape& input) override;
    Shapes output_shapes(const Shapes& inputs) override;
    std::string class_name() const override { return "RNN"; }
    nlohmann::json config() const override;

    /// A layer with the same options and weights of its own that goes the other way. Throws ValueError for a cell that
    /// has no such copy.
    virtual std::shared_ptr<RNN> reversed() const;
    const RNNOptions& options() const { return options_; }
    const RecurrentCell& cell() const { return *cell_; }

protected:
    RNN(std::shared_ptr<RecurrentCell> cell, const RNNOptions& options);
    /// The layer's own options, without the cell's.
    nlohmann::json own_config() const;

private:
    friend Layer rnn_from_config(const nlohmann::json& config);
    void check_input(const Shape& input) const;
    Tensors first_states(const Tensors& inputs) const;

    std::shared_ptr<RecurrentCell> cell_;
    RNNOptions options_;
    std::int64_t features_ = None;
};

/// The layer's part of the options of LSTM, GRU and SimpleRNN.
template <class Options>
RNNOptions rnn_options(const Options& o) {
    return {.return_sequences = o.return_sequences,
            .return_state = o.return_state,
            .go_backwards = o.go_backwards,
            .stateful = o.stateful,
            .zero_output_for_mask = o.zero_output_for_mask,
            .activity_regularizer = o.activity_regularizer,
            .input_shape = o.input_shape,
            .name = o.name};
}

/// The base of LSTM, GRU and SimpleRNN: a layer L of a classic cell.
template <class L, class Options>
class ClassicRNN : public RNN {
public:
    nlohmann::json config() const override;
    std::shared_ptr<RNN> reversed() const override;

protected:
    template <class Cell>
    ClassicRNN(const Cell& cell, std::int64_t units, const Options& options)
        : RNN(cell, rnn_options(options)), units_(units), options_(options) {}

private:
    std::int64_t units_;
    Options options_;
};

}  // namespace weft::nn
