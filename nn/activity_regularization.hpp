// A penalty on what passes, as a layer.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct ActivityRegularizationOptions {
    double l1 = 0;
    double l2 = 0;
    Shape input_shape = {};
    std::string name = {};
};

/// Passes x on and adds (l1 sum|x| + l2 sum x^2) / batch to the loss.
class ActivityRegularization : public Module {
public:
    explicit ActivityRegularization(const ActivityRegularizationOptions& options = {});
    Tensor forward(const Tensor& x) override { return x; }
    Shape output_shape(const Shape& input) override { return input; }
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "ActivityRegularization"; }
    nlohmann::json config() const override;

private:
    double l1_, l2_;
};

}  // namespace weft::nn
