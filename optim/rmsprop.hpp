// RMSprop.
#pragma once

#include <weft/optim/optimizer_of.hpp>

namespace weft::optim {

struct RMSpropOptions {
    double lr = 0.001;
    double rho = 0.9;
    double momentum = 0;
    double epsilon = 1e-7;
    bool centered = false;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {};
    std::optional<double> clipvalue = {};
    std::optional<double> global_clipnorm = {};
};

/// v = rho v + (1 - rho) g^2, step = lr g / sqrt(v + epsilon), w -= step; centered takes the square of the gradient's
/// own moving average from v; with momentum b = momentum b + step and w -= b. (Keras 3: epsilon inside the root.)
class RMSprop final : public OptimizerOf<RMSprop, RMSpropOptions> {
public:
    using OptimizerOf::OptimizerOf;
    std::vector<std::string> slot_names() const override;

protected:
    void update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const override;
};

}  // namespace weft::optim
