// The plain recurrent network: the layer and its cell.
#pragma once

#include <weft/nn/rnn.hpp>

namespace weft::nn {

struct SimpleRNNCellOptions {
    Activation activation = "tanh";
    bool use_bias = true;
    Initializer kernel_initializer = init::glorot_uniform();
    Initializer recurrent_initializer = init::orthogonal();
    Initializer bias_initializer = init::zeros();
    Regularizer kernel_regularizer = {};
    Regularizer recurrent_regularizer = {};
    Regularizer bias_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint recurrent_constraint = {};
    Constraint bias_constraint = {};
    double dropout = 0;            ///< of the inputs
    double recurrent_dropout = 0;  ///< of the state
    Shape input_shape = {};
    std::string name = {};
};

/// One step: call({x [batch, in], h [batch, units]}) gives {h', h'}, h' = tanh(x W + b + h R). In training a bare call
/// draws a dropout mask of its own; the layer keeps one for all steps.
/// Weights: kernel [in, units], recurrent_kernel [units, units], bias [units].
class SimpleRNNCell : public ClassicCell {
public:
    explicit SimpleRNNCell(std::int64_t units, const SimpleRNNCellOptions& options = {});
    std::string class_name() const override { return "SimpleRNNCell"; }

protected:
    Tensors step(const Tensor& z, const Tensors& states, const Tensors& masks) override;
    bool fused() const override;
    Tensors all(const Tensor& x, const Tensors& states, const Tensor& mask) override;
};

struct SimpleRNNOptions {
    Activation activation = "tanh";
    bool use_bias = true;
    Initializer kernel_initializer = init::glorot_uniform();
    Initializer recurrent_initializer = init::orthogonal();
    Initializer bias_initializer = init::zeros();
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
/// SimpleRNNCell for the formula. With tanh all steps are one fused op; other activations run step by step.
class SimpleRNN : public ClassicRNN<SimpleRNN, SimpleRNNOptions> {
public:
    explicit SimpleRNN(std::int64_t units, const SimpleRNNOptions& options = {});
    std::string class_name() const override { return "SimpleRNN"; }
};
extern template class ClassicRNN<SimpleRNN, SimpleRNNOptions>;

}  // namespace weft::nn
