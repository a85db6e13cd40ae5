// Adagrad.
#pragma once

#include <weft/optim/optimizer_of.hpp>

namespace weft::optim {

struct AdagradOptions {
    double lr = 0.001;
    double initial_accumulator_value = 0.1;
    double epsilon = 1e-7;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {};
    std::optional<double> clipvalue = {};
    std::optional<double> global_clipnorm = {};
};

/// a += g^2, w -= lr g / sqrt(a + epsilon). (Duchi, Hazan and Singer, 2011; Keras 3: epsilon inside the root.)
class Adagrad final : public OptimizerOf<Adagrad, AdagradOptions> {
public:
    using OptimizerOf::OptimizerOf;
    std::vector<std::string> slot_names() const override;

protected:
    void update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, const Rates& rates) const override;
    double initial_value(std::size_t slot) const override;
};

}  // namespace weft::optim
