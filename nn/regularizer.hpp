// What is added to the loss for the values a weight or a layer's result has: Keras's regularizers, or a function of
// one's own.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <nlohmann/json_fwd.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace weft::nn {

/// A penalty: a Keras name ("l1", "l2"), what the functions of nn::regularizers return, any callable Tensor(const
/// Tensor&) that gives a scalar, or nothing.
class Regularizer {
public:
    using Penalty = std::function<Tensor(const Tensor&)>;

    Regularizer() = default;
    /// Throws ValueError for an unknown name, listing the known ones.
    Regularizer(const std::string& name);
    Regularizer(const char* name) : Regularizer(std::string(name)) {}
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, Regularizer> && std::is_invocable_r_v<Tensor, F&, const Tensor&>)
    Regularizer(F penalty) : rule_(own(std::move(penalty))) {}
    /// `config` is what a file keeps of it.
    Regularizer(Penalty penalty, const nlohmann::json& config);

    /// From what Keras writes, any version: null, a name, {"class_name": "L2", "config": {"l2": 0.01}}, or Keras 1's
    /// {"name": "WeightRegularizer", "l1": 0, "l2": 0.01}. Throws ValueError for one that is not known.
    static Regularizer from_config(const nlohmann::json& config);

    bool defined() const { return rule_ != nullptr; }
    /// The penalty, a scalar on the tape. Throws ValueError if there is none, ShapeError if it is no scalar.
    Tensor operator()(const Tensor& x) const;
    /// As Keras writes it; null if there is none, or it is a function of one's own.
    nlohmann::json config() const;

private:
    struct Rule;
    static std::shared_ptr<const Rule> own(Penalty penalty);

    std::shared_ptr<const Rule> rule_;
};

/// Keras's regularizers.
namespace regularizers {

Regularizer l1(double l1 = 0.01);                         ///< l1 sum(|x|)
Regularizer l2(double l2 = 0.01);                         ///< l2 sum(x^2)
Regularizer l1_l2(double l1 = 0.01, double l2 = 0.01);    ///< the sum of both
/// Of a matrix: factor times the mean of |cosine| over the pairs of its "rows", or of its "columns". Throws ValueError
/// for another mode.
Regularizer orthogonal(double factor = 0.01, const std::string& mode = "rows");

}  // namespace regularizers
}  // namespace weft::nn
