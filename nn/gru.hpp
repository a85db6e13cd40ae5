// The gated recurrent unit: the layer and its cell.
#pragma once

#include <weft/nn/rnn.hpp>

namespace weft::nn {

struct GRUCellOptions {
    Activation activation = "tanh";
    Activation recurrent_activation = "sigmoid";
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
    double recurrent_dropout = 0;  ///< of the state that goes into the gates
    bool reset_after = true;       ///< the reset gate acts on h R + b, as cuDNN has it; else on h
    Shape input_shape = {};
    std::string name = {};
};

/// One step of a GRU: call({x [batch, in], h [batch, units]}) gives {h, h}. With gates z r h of x W + b:
/// z = sigma(x_z + h R_z), r = sigma(x_r + h R_r), h' = z h + (1 - z) tanh(x_h + r (h R_h)), where h R has a bias of
/// its own; without reset_after h' = z h + (1 - z) tanh(x_h + (r h) R_h). In training a bare call draws a dropout mask
/// of its own; the layer keeps one for all steps. Weights: kernel [in, 3 units], recurrent_kernel [units, 3 units],
/// bias [2, 3 units], or [3 units] without reset_after.
class GRUCell : public ClassicCell {
public:
    explicit GRUCell(std::int64_t units, const GRUCellOptions& options = {});
    std::string class_name() const override { return "GRUCell"; }
    nlohmann::json config() const override;

protected:
    Shape bias_shape() const override;
    Tensor input_bias() const override;
    Tensors step(const Tensor& z, const Tensors& states, const Tensors& masks) override;
    bool fused() const override;
    Tensors all(const Tensor& x, const Tensors& states, const Tensor& mask) override;

private:
    Activation recurrent_activation_;
    bool reset_after_;
};

struct GRUOptions {
    Activation activation = "tanh";
    Activation recurrent_activation = "sigmoid";
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
    bool reset_after = true;
    bool zero_output_for_mask = false;
    Shape input_shape = {};
    std::string name = {};
};

/// [batch, time, in] to [batch, units], or [batch, time, units] with return_sequences: see RNN for how it is called and
/// GRUCell for the formula. With tanh and sigmoid all steps are one fused op; other activations run step by step.
class GRU : public ClassicRNN<GRU, GRUOptions> {
public:
    explicit GRU(std::int64_t units, const GRUOptions& options = {});
    std::string class_name() const override { return "GRU"; }
};
extern template class ClassicRNN<GRU, GRUOptions>;

}  // namespace weft::nn
