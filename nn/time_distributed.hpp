// A layer applied to every step of a sequence.
#pragma once

#include <weft/nn/layer.hpp>

namespace weft::nn {

struct TimeDistributedOptions {
    Shape input_shape = {};
    std::string name = {};
};

/// The same layer for each step of [batch, time, ...]; a mask goes on. Child: layer.
class TimeDistributed : public Module {
public:
    explicit TimeDistributed(const Layer& layer, const TimeDistributedOptions& options = {});
    void build(const Shape& input) override;
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "TimeDistributed"; }
    nlohmann::json config() const override;

private:
    Shape step(const Shape& input) const;

    Layer layer_;
};

}  // namespace weft::nn
