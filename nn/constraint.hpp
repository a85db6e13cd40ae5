// What a weight is brought back to after each update: Keras's constraints, or a function of one's own.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft::nn {

/// A projection: a Keras name ("non_neg", "max_norm"), what the functions of nn::constraints return, any callable
/// Tensor(const Tensor&), or nothing.
class Constraint {
public:
    using Projection = std::function<Tensor(const Tensor&)>;

    Constraint() = default;
    /// Throws ValueError for an unknown name, listing the known ones.
    Constraint(const std::string& name);
    Constraint(const char* name) : Constraint(std::string(name)) {}
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, Constraint> && std::is_invocable_r_v<Tensor, F&, const Tensor&>)
    Constraint(F projection) : rule_(own(std::move(projection))) {}
    /// `config` is what a file keeps of it.
    Constraint(Projection projection, const nlohmann::json& config);

    /// From what Keras writes, any version: null, a name, {"class_name": "MaxNorm", "config": {...}}, or Keras 1's
    /// {"name": "MaxNorm", "m": 2, "axis": 0}. Throws ValueError for one that is not known.
    static Constraint from_config(const nlohmann::json& config);

    bool defined() const { return rule_ != nullptr; }
    /// The weight as it may be. Throws ValueError if there is no constraint, ShapeError if it gives another shape.
    Tensor operator()(const Tensor& weight) const;
    /// As Keras writes it; null if there is none, or it is a function of one's own.
    nlohmann::json config() const;

private:
    struct Rule;
    static std::shared_ptr<const Rule> own(Projection projection);

    std::shared_ptr<const Rule> rule_;
};

/// Keras's constraints. A norm is the root of the sum of squares over the axes, with 1e-7 added where it divides.
namespace constraints {

/// Shrinks what is longer than max_value: for a Linear's kernel axis 0, for a Conv2d's {0, 1, 2}.
Constraint max_norm(double max_value = 2, const std::vector<std::int64_t>& axis = {0});
Constraint non_neg();  ///< max(w, 0)
Constraint unit_norm(const std::vector<std::int64_t>& axis = {0});
/// Brings the norm into [min_value, max_value], by a share of `rate` at each update.
Constraint min_max_norm(double min_value = 0, double max_value = 1, double rate = 1,
                        const std::vector<std::int64_t>& axis = {0});

}  // namespace constraints
}  // namespace weft::nn
