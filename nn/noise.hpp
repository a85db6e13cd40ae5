// Layers that disturb what they are given, in training only; in inference nothing changes.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct NoiseOptions {
    Shape input_shape = {};
    std::string name = {};
};

namespace detail {
// What they share: one number, under its Keras name.
class Noise : public Module {
public:
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override { return input; }
    bool supports_masking() const override { return true; }
    nlohmann::json config() const override;

protected:
    Noise(const char* key, double amount, const NoiseOptions& options);
    virtual Tensor disturbed(const Tensor& x) const = 0;
    double amount_;

private:
    const char* key_;
};
}  // namespace detail

/// x + noise of standard deviation stddev.
class GaussianNoise : public detail::Noise {
public:
    explicit GaussianNoise(double stddev, const NoiseOptions& options = {});
    std::string class_name() const override { return "GaussianNoise"; }

private:
    Tensor disturbed(const Tensor& x) const override;
};

/// x times noise of mean 1 and variance rate / (1 - rate).
class GaussianDropout : public detail::Noise {
public:
    explicit GaussianDropout(double rate, const NoiseOptions& options = {});
    std::string class_name() const override { return "GaussianDropout"; }

private:
    Tensor disturbed(const Tensor& x) const override;
};

/// Dropout that keeps the mean and the variance that selu gives (Klambauer et al. 2017).
class AlphaDropout : public detail::Noise {
public:
    explicit AlphaDropout(double rate, const NoiseOptions& options = {});
    std::string class_name() const override { return "AlphaDropout"; }

private:
    Tensor disturbed(const Tensor& x) const override;
};

/// Dropout of whole channels of [batch, steps, channels].
class SpatialDropout1d : public detail::Noise {
public:
    explicit SpatialDropout1d(double rate, const NoiseOptions& options = {});
    std::string class_name() const override { return "SpatialDropout1D"; }

private:
    Tensor disturbed(const Tensor& x) const override;
};

/// Dropout of whole channels of [batch, height, width, channels].
class SpatialDropout2d : public detail::Noise {
public:
    explicit SpatialDropout2d(double rate, const NoiseOptions& options = {});
    std::string class_name() const override { return "SpatialDropout2D"; }

private:
    Tensor disturbed(const Tensor& x) const override;
};

}  // namespace weft::nn
