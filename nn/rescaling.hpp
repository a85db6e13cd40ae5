// Fixed arithmetic on the input.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct RescalingOptions {
    double offset = 0;
    Shape input_shape = {};
    std::string name = {};
};

/// x scale + offset: Rescaling(1. / 255) for pixels in 0..255.
class Rescaling : public Module {
public:
    explicit Rescaling(double scale, const RescalingOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override { return input; }
    std::string class_name() const override { return "Rescaling"; }
    nlohmann::json config() const override;

private:
    double scale_, offset_;
};

}  // namespace weft::nn
