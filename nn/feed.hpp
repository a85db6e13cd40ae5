// Feed: what fit, evaluate and predict take for x, y and sample_weight.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <concepts>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace weft::nn {

/// One tensor of samples, or several: {a, b} in the order of the model's inputs or outputs, or by their names:
/// {{"title", a}, {"body", b}}.
class Feed {
public:
    /// None at all.
    Feed() = default;
    template <std::convertible_to<Tensor> T>
    Feed(const T& tensor) : tensors_{Tensor(tensor)} {}
    Feed(const Tensors& tensors) : tensors_(tensors) {}
    Feed(std::initializer_list<Tensor> tensors) : tensors_(tensors) {}
    Feed(std::initializer_list<std::pair<std::string, Tensor>> by_name);

    /// Whether there is any tensor.
    bool defined() const;
    const Tensors& tensors() const { return tensors_; }
    /// Whether they go by name.
    bool named() const { return !names_.empty(); }
    /// Those of these names, undefined where there is none; without names, all as given. Throws ValueError, beginning
    /// with `where`, for a name that is not among them, naming the nearest.
    Tensors in_order(const std::vector<std::string>& names, const std::string& where) const;

private:
    Tensors tensors_;
    std::vector<std::string> names_;
};

}  // namespace weft::nn
