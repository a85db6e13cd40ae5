// A mask from the data: steps of a sequence that are padding.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct MaskingOptions {
    double mask_value = 0;
    Shape input_shape = {};
    std::string name = {};
};

/// Masks the steps of [batch, time, features] whose features all equal mask_value: the layers, the loss and the metrics
/// that follow skip them. Their features become 0.
class Masking : public Module {
public:
    explicit Masking(const MaskingOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override { return input; }
    std::string class_name() const override { return "Masking"; }
    nlohmann::json config() const override;

private:
    MaskingOptions options_;
};

}  // namespace weft::nn
