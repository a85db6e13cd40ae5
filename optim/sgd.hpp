// Stochastic gradient descent.
#pragma once

#include <weft/optim/optimizer_of.hpp>

namespace weft::optim {

struct SGDOptions {
    double lr = 0.01;
    double momentum = 0;
    bool nesterov = false;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {};
    std::optional<double> clipvalue = {};
    std::optional<double> global_clipnorm = {};
};

/// w -= lr g; with momentum v = momentum v - lr g and w += v, or, with nesterov, w += momentum v - lr g (Keras 3).
class SGD final : public OptimizerOf<SGD, SGDOptions> {
public:
    using OptimizerOf::OptimizerOf;
    std::vector<std::string> slot_names() const override;

protected:
    void update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const override;
};

}  // namespace weft::optim
