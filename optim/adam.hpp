// Adam and AdamW.
#pragma once

#include <weft/optim/optimizer_of.hpp>

namespace weft::optim {

struct AdamOptions {
    double lr = 0.001;
    double beta_1 = 0.9;
    double beta_2 = 0.999;
    double epsilon = 1e-7;
    bool amsgrad = false;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {};
    std::optional<double> clipvalue = {};
    std::optional<double> global_clipnorm = {};
};

struct AdamWOptions {
    double lr = 0.001;
    std::optional<double> weight_decay = 0.004;
    double beta_1 = 0.9;
    double beta_2 = 0.999;
    double epsilon = 1e-7;
    bool amsgrad = false;
    std::optional<double> clipnorm = {};
    std::optional<double> clipvalue = {};
    std::optional<double> global_clipnorm = {};
};

/// m += (g - m)(1 - beta_1), v += (g^2 - v)(1 - beta_2), w -= a m / (sqrt(v) + epsilon), where at step t
/// a = lr sqrt(1 - beta_2^t) / (1 - beta_1^t); with amsgrad the largest v so far stands in for v. (Kingma and Ba, 2015,
/// the form before section 2.1; Keras 3.)
class Adam final : public OptimizerOf<Adam, AdamOptions> {
public:
    using OptimizerOf::OptimizerOf;
    std::vector<std::string> slot_names() const override;
    std::size_t interleaved_slots() const override { return 2; }

protected:
    void update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const override;
};

/// Adam with weight decay that the gradient's moments do not see. (Loshchilov and Hutter, 2019; Keras 3.)
class AdamW final : public OptimizerOf<AdamW, AdamWOptions> {
public:
    using OptimizerOf::OptimizerOf;
    std::vector<std::string> slot_names() const override;
    std::size_t interleaved_slots() const override { return 2; }

protected:
    void update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const override;
};

}  // namespace weft::optim
