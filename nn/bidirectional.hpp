// A recurrent layer in both directions.
#pragma once

#include <weft/nn/rnn.hpp>

namespace weft::nn {

struct BidirectionalOptions {
    std::string merge_mode = "concat";  ///< "concat", "sum", "mul", "ave", or "none": both results by themselves
    Layer backward_layer = {};          ///< by default a layer with the options of the first, and weights of its own
    Shape input_shape = {};
    std::string name = {};
};

/// One recurrent layer from first to last step and one from last to first; results of the second are turned round, so
/// that both are about the same step. Called with several tensors, {x, states...}: those of the first, then of the
/// second. Gives {merged, states...}, or without merging {first, second, states...}; states only if the layers return
/// them. Children: forward_layer, backward_layer.
class Bidirectional : public Module {
public:
    template <std::derived_from<RNN> M>
    explicit Bidirectional(const M& layer, const BidirectionalOptions& options = {})
        : Bidirectional(std::make_shared<M>(layer), options) {}

    void build(const Shape& input) override;
    Tensors call(const Tensors& inputs) override;
    Shape output_shape(const Shape& input) override { return output_shapes({input})[0]; }
    Shapes output_shapes(const Shapes& inputs) override;
    std::string class_name() const override { return "Bidirectional"; }
    nlohmann::json config() const override;

private:
    friend Layer bidirectional_from_config(const nlohmann::json& config);
    Bidirectional(std::shared_ptr<RNN> layer, const BidirectionalOptions& options);

    std::shared_ptr<RNN> forward_, backward_;
    BidirectionalOptions options_;
};

}  // namespace weft::nn
