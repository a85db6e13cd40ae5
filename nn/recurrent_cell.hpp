// What a recurrent layer repeats at every step: the base of all cells, and of those with Keras's two kernels and a
// bias.
#pragma once

#include <weft/nn/activation.hpp>
#include <weft/nn/module.hpp>

#include <vector>

namespace weft::nn {

/// One step: call({x, states...}) takes x [batch, ...] and the states [batch, size] and gives {output, new states...};
/// weft's own cells begin with zeros if there is x alone.
/// For a cell of one's own, override state_size() and call(), and build() if it has weights.
class RecurrentCell : public Module {
public:
    /// The size of each state.
    virtual std::vector<std::int64_t> state_size() const = 0;
    /// The size of the output; by default that of the first state.
    virtual std::int64_t output_size() const { return state_size().front(); }
    /// {outputs [batch, time, output size], last states...} of all steps of x [batch, time, ...]; by default call()
    /// step by step. States may be undefined, which is zeros. Where mask (bool [batch, time], may be undefined) is
    /// false, states stay as they are and the previous output is repeated, which before the first is 0.
    virtual Tensors sequence(const Tensor& x, const Tensors& states, const Tensor& mask);
    /// Whether a step's output is its first new state.
    virtual bool output_is_state() const { return false; }

    Shape output_shape(const Shape& input) override { return output_shapes({input})[0]; }
    Shapes output_shapes(const Shapes& inputs) override;

protected:
    /// The states, zeros for those that are undefined.
    Tensors with_zeros(const Tensors& states, std::int64_t batch) const;
    /// In training what to multiply with so that elements are dropped; in inference, or at rate 0, undefined.
    Tensor dropout_mask(const Shape& shape, DType dtype, double rate) const;
};

/// Sets what the options of the three classic cells and their layers share, whatever else they have.
template <class From, class To>
void copy_cell_settings(const From& from, To& to) {
    to.activation = from.activation;
    to.use_bias = from.use_bias;
    to.kernel_initializer = from.kernel_initializer;
    to.recurrent_initializer = from.recurrent_initializer;
    to.bias_initializer = from.bias_initializer;
    to.kernel_regularizer = from.kernel_regularizer;
    to.recurrent_regularizer = from.recurrent_regularizer;
    to.bias_regularizer = from.bias_regularizer;
    to.kernel_constraint = from.kernel_constraint;
    to.recurrent_constraint = from.recurrent_constraint;
    to.bias_constraint = from.bias_constraint;
    to.dropout = from.dropout;
    to.recurrent_dropout = from.recurrent_dropout;
}

/// The options that the three classic cells share.
struct CellSettings {
    Activation activation;
    bool use_bias = true;
    Initializer kernel_initializer = init::zeros(), recurrent_initializer = init::zeros(),
                bias_initializer = init::zeros();
    Regularizer kernel_regularizer, recurrent_regularizer, bias_regularizer;
    Constraint kernel_constraint, recurrent_constraint, bias_constraint;
    double dropout = 0, recurrent_dropout = 0;

    template <class Options>
    explicit CellSettings(const Options& options) {
        copy_cell_settings(options, *this);
    }
};

/// A cell with weights as Keras keeps them: kernel [in, gates units], recurrent_kernel [units, gates units] and bias.
class ClassicCell : public RecurrentCell {
public:
    void build(const Shape& input) override;
    std::vector<std::int64_t> state_size() const override { return {units_}; }
    Tensors call(const Tensors& inputs) override;
    Tensors sequence(const Tensor& x, const Tensors& states, const Tensor& mask) override;
    bool output_is_state() const override { return true; }
    nlohmann::json config() const override;

protected:
    ClassicCell(std::int64_t units, std::int64_t gates, const CellSettings& settings)
        : units_(units), gates_(gates), settings_(settings) {}

    /// For the constructors, when the name is known.
    void check_options() const;
    virtual Shape bias_shape() const { return {gates_ * units_}; }
    virtual Initializer bias_initializer() const { return settings_.bias_initializer; }
    /// The bias of x W; by default all of it.
    virtual Tensor input_bias() const { return bias_; }
    /// {new states...} of one step; z [batch, gates units] is x W + b, `masks` what the state is dropped with on its
    /// way into the gates: none, one, or one for each.
    virtual Tensors step(const Tensor& z, const Tensors& states, const Tensors& masks) = 0;
    /// Whether all() computes the same as the steps.
    virtual bool fused() const = 0;
    /// {outputs, last states...} in one op.
    virtual Tensors all(const Tensor& x, const Tensors& states, const Tensor& mask) = 0;

    /// As Keras draws them: none, or one, which with recurrent dropout is one for each gate.
    Tensors dropout_masks(const Shape& shape, DType dtype, double rate) const;

    std::int64_t units_, gates_;
    CellSettings settings_;
    Tensor kernel_, recurrent_kernel_, bias_;
};

}  // namespace weft::nn
