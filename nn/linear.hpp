// The fully connected layer.
#pragma once

#include <weft/nn/activation.hpp>
#include <weft/nn/module.hpp>

namespace weft::nn {

struct LinearOptions {
    Activation activation = {};
    bool use_bias = true;
    Initializer kernel_initializer = init::glorot_uniform();
    Initializer bias_initializer = init::zeros();
    Regularizer kernel_regularizer = {};
    Regularizer bias_regularizer = {};
    Regularizer activity_regularizer = {};
    Constraint kernel_constraint = {};
    Constraint bias_constraint = {};
    Shape input_shape = {};  ///< without the batch axis
    std::string name = {};
};

/// act(x W + b) over the last axis: [batch, ..., in] to [batch, ..., units]. Keras's Dense.
/// Weights: kernel [in, units], bias [units].
class Linear : public Module {
public:
    explicit Linear(std::int64_t units, const LinearOptions& options = {});
    /// With the number of inputs given, the weights are there at once.
    template <std::integral In, std::integral Out>
    Linear(In inputs, Out units, const LinearOptions& options = {})
        : Linear(static_cast<std::int64_t>(units), options) {
        build_for({None, static_cast<std::int64_t>(inputs)});
    }

    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "Dense"; }
    nlohmann::json config() const override;

private:
    std::int64_t units_;
    LinearOptions options_;
    Tensor kernel_, bias_;
};

using Dense = Linear;

}  // namespace weft::nn
