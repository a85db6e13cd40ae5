// Layers that repeat or interpolate.
#pragma once

#include <weft/nn/module.hpp>
#include <weft/nn/size.hpp>

namespace weft::nn {

struct UpSampling1dOptions {
    Shape input_shape = {};
    std::string name = {};
};

/// Each step `size` times: [batch, steps, channels] to [batch, steps * size, channels]. Keras's UpSampling1D.
class UpSampling1d : public Module {
public:
    explicit UpSampling1d(std::int64_t size = 2, const UpSampling1dOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "UpSampling1D"; }
    nlohmann::json config() const override;

private:
    std::int64_t size_;
};

struct UpSampling2dOptions {
    std::string interpolation = "nearest";  ///< or "bilinear", between the centres of pixels
    Shape input_shape = {};                 ///< {height, width, channels}
    std::string name = {};
};

/// [batch, height, width, channels] to [batch, height * size, width * size, channels]. Keras's UpSampling2D.
class UpSampling2d : public Module {
public:
    explicit UpSampling2d(Size2 size = 2, const UpSampling2dOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "UpSampling2D"; }
    nlohmann::json config() const override;

private:
    Size2 size_;
    std::string interpolation_;
};

}  // namespace weft::nn
