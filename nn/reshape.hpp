// Layers that only rearrange.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct FlattenOptions {
    Shape input_shape = {};
    std::string name = {};
};

/// [batch, ...] to [batch, all the rest], in row-major order.
class Flatten : public Module {
public:
    explicit Flatten(const FlattenOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "Flatten"; }
    nlohmann::json config() const override;
};

struct ReshapeOptions {
    Shape input_shape = {};
    std::string name = {};
};

/// [batch, ...] to [batch, target shape]; one axis of the target may be -1.
class Reshape : public Module {
public:
    explicit Reshape(const Shape& target_shape, const ReshapeOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "Reshape"; }
    nlohmann::json config() const override;

private:
    Shape target_;
};

}  // namespace weft::nn
