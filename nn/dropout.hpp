// Dropout as a layer.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct DropoutOptions {
    Shape input_shape = {};
    std::string name = {};
};

/// In training each element is 0 with probability `rate`, else x / (1 - rate); in inference nothing changes.
class Dropout : public Module {
public:
    explicit Dropout(double rate, const DropoutOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override { return input; }
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "Dropout"; }
    nlohmann::json config() const override;

private:
    double rate_;
};

}  // namespace weft::nn
