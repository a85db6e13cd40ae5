// Long short-term memory: the layer and its cell.
#pragma once

#include <weft/nn/rnn.hpp>

namespace weft::nn {

struct LSTMCellOptions {
    Activation activation = "tanh";
    Activation recurrent_activation = "sigmoid";
    bool use_bias = true;
    Initializer kernel_initializer = init::glorot_uniform();
    Initializer recurrent_initializer = init::orthogonal();
    Initializer bias_initializer = init::zeros();
    bool unit_forget_bias = true;  ///< the forget gate's bias begins at 1 (Jozefowicz et al. 2015)
    Regularizer kernel_regularizer = {};
    Regularizer recurrent_regularizer = {};
    Regularizer bias_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint recurrent_constraint = {};
    Constraint bias_constraint = {};
    double dropout = 0;            ///< of the inputs
    double recurrent_dropout = 0;  ///< of the state that goes into the gates
    Shape input_shape = {};
    std::string name = {};
};

/// One step of an LSTM: call({x [batch, in], h [batch, units], c [batch, units]}) gives {h, h, c}. With [i f c o] =
/// x W + h R + b: c' = sigma(f) c + sigma(i) tanh(c), h' = sigma(o) tanh(c'). In training a bare call draws a dropout
/// mask of its own; the layer keeps one for all steps. Weights: kernel [in, 4 units], recurrent_kernel [units, 4
/// units], bias [4 units].
class LSTMCell : public ClassicCell {
public:
    explicit LSTMCell(std::int64_t units, const LSTMCellOptions& options = {});
    std::vector<std::int64_t> state_size() const override { return {units_, units_}; }
    std::string class_name() const override { return "LSTMCell"; }
    nlohmann::json config() const override;

protected:
    Initializer bias_initializer() const override;
    Tensors step(const Tensor& z, const Tensors& states, const Tensors& masks) override;
    bool fused() const override;
    Tensors all(const Tensor& x, const Tensors& states, const Tensor& mask) override;

private:
    Activation recurrent_activation_;
    bool unit_forget_bias_;
};

struct LSTMOptions {
    Activation activation = "tanh";
    Activation recurrent_activation = "sigmoid";
    bool use_bias = true;
    Initializer kernel_initializer = init::glorot_uniform();
    Initializer recurrent_initializer = init::orthogonal();
    Initializer bias_initializer = init::zeros();
    bool unit_forget_bias = true;
    Regularizer kernel_regularizer = {};
    Regularizer recurrent_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};  ///< of all results, the states too
    Constraint kernel_constraint = {};
    Constraint recurrent_constraint = {};
    Constraint bias_constraint = {};
    double dropout = 0;
    double recurrent_dropout = 0;  ///< in training, this one is run step by step
    bool return_sequences = false;
    bool return_state = false;
    bool go_backwards = false;
    bool stateful = false;
    bool zero_output_for_mask = false;
    Shape input_shape = {};
    std::string name = {};
};

/// [batch, time, in] to [batch, units], or [batch, time, units] with return_sequences: see RNN for how it is called and
/// LSTMCell for the formula. With tanh and sigmoid all steps are one fused op; other activations run step by step.
class LSTM : public ClassicRNN<LSTM, LSTMOptions> {
public:
    explicit LSTM(std::int64_t units, const LSTMOptions& options = {});
    std::string class_name() const override { return "LSTM"; }
};
extern template class ClassicRNN<LSTM, LSTMOptions>;

}  // namespace weft::nn
