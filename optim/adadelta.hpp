// Adadelta.
#pragma once

#include <weft/optim/optimizer_of.hpp>

namespace weft::optim {

struct AdadeltaOptions {
    double lr = 0.001;
    double rho = 0.95;
    double epsilon = 1e-7;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {};
    std::optional<double> clipvalue = {};
    std::optional<double> global_clipnorm = {};
};

/// a = rho a + (1 - rho) g^2, step = sqrt(d + epsilon) / sqrt(a + epsilon) g, d = rho d + (1 - rho) step^2, w -= lr
/// step. (Zeiler, 2012, with a learning rate as in Keras 3; 1.0 is the paper's.)
class Adadelta final : public OptimizerOf<Adadelta, AdadeltaOptions> {
public:
    using OptimizerOf::OptimizerOf;
    std::vector<std::string> slot_names() const override;
    std::size_t interleaved_slots() const override { return 2; }

protected:
    void update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const override;
};

}  // namespace weft::optim
