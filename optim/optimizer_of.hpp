// What an optimizer with its own options has, given those options: constructors, fresh(), its settings.
#pragma once

#include <weft/optim/optimizer.hpp>

#include <concepts>

namespace weft::optim {

/// Base of Self, an optimizer whose aggregate of options is Options. Defined in define.hpp.
template <class Self, class Options>
class OptimizerOf : public Optimizer {
public:
    /// Configuration alone.
    OptimizerOf(const Options& options = {});
    /// On parameters, or on groups of them. Throws as Optimizer::set_groups, and ValueError for a value out of range.
    OptimizerOf(const Tensors& parameters, const Options& options);
    OptimizerOf(const std::vector<Group>& groups, const Options& options);
    // Constrained: a plain overload would make Adam({.lr = 1e-3}) ambiguous.
    template <class Parameters>
        requires std::same_as<Parameters, Tensors> || std::same_as<Parameters, std::vector<Group>>
    explicit OptimizerOf(const Parameters& parameters) : OptimizerOf(parameters, Options{}) {}

    /// As given, with the learning rate of now.
    Options options() const;

    std::unique_ptr<Optimizer> fresh(const Tensors& parameters = {}) const override;
    std::string keras_class() const override;
    Settings settings() const override;

protected:
    const Options& given() const { return given_; }

private:
    Options given_;
};

}  // namespace weft::optim
