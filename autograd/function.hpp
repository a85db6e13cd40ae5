// An op of one's own: forward and backward as two static functions.
//
//     struct Softsign : Function<Softsign> {
//         static Tensor forward(Context& ctx, const Tensor& x) {
//             ctx.save(x);
//             return x.visit([](const auto& a) -> Tensor { return a / (1 + xt::abs(a)); });
//         }
//         static Gradients backward(Context& ctx, const Tensor& dy) {
//             auto [x] = ctx.saved<1>();
//             return {dy / square(1 + abs(x))};
//         }
//     };
//     Tensor y = Softsign::apply(x);
//
// forward may compute in any way: xtensor expressions, loops over x.values<float>() and y.mutable_values<float>(),
// tensor ops (not recorded). It returns a Tensor, or several as Tensors or std::array<Tensor, N>, and so does apply.
// backward gets the gradient of each result (Tensor, or Tensors if there are several; zeros where none came) and
// returns one for each tensor argument, in order; undefined where there is none. Written in tensor ops it can be
// differentiated again; otherwise a second derivative through it is a GraphError. A gradient is summed down to an
// argument that was broadcast.
#pragma once

#include <weft/autograd/record.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <typeinfo>
#include <vector>

namespace weft {

/// What a Function keeps from forward to backward.
class Context {
public:
    /// Keeps tensors, arguments or results, for backward; each call adds to the list.
    template <class... T>
    void save(const T&... tensors) {
        (add(tensors), ...);
    }
    /// The first N saved tensors, in order. Throws GraphError if one was changed since, or fewer were saved.
    template <std::size_t N>
    std::array<Tensor, N> saved() const {
        std::array<Tensor, N> tensors;
        for (std::size_t i = 0; i < N; ++i) tensors[i] = get(i);
        return tensors;
    }
    /// Says in forward that these results have no derivative: they are off the tape. Integers are without asking.
    template <class... T>
    void mark_non_differentiable(const T&... results) {
        (marked_.push_back(results.data()), ...);
    }
    /// Whether the i-th tensor argument needs a gradient; in backward.
    bool wanted(std::size_t i) const { return i < wanted_.size() && wanted_[i]; }

private:
    template <class>
    friend class Function;

    struct Entry {
        Saved value;
        Array array;       // until forward has returned: is it one of the results?
        int result = -1;
    };
    void add(const Tensor& tensor);
    Tensor get(std::size_t i) const;
    void forward_done(const std::vector<Array>& results);
    /// Calls backward with a gradient for each result, and sees to it that what it computed off the tape is noticed.
    Gradients differentiate(const char* function, const Tensors& y, Wanted wanted, const Tensors& dy,
                            const std::function<Gradients(const Tensors&)>& backward);

    std::vector<Entry> entries_;
    std::vector<Array> marked_;  // until forward has returned
    std::vector<bool> constant_;  // by result: has no derivative
    Tensors results_;  // during backward
    std::vector<bool> wanted_;
};

namespace detail {
inline void collect(Tensors& tensors, const Tensor& x) { tensors.push_back(x); }
inline void collect(Tensors& tensors, const Tensors& list) { tensors.insert(tensors.end(), list.begin(), list.end()); }
template <class T>
void collect(Tensors&, const T&) {}  // an argument that is no tensor has no gradient
std::string type_name(const char* mangled);
}  // namespace detail

template <class F>
class Function {
public:
    /// Runs forward and puts the op on the tape. Arguments that are no tensors are handed on.
    template <class... Arguments>
    static auto apply(const Arguments&... arguments) {
        Tensors inputs;
        (detail::collect(inputs, arguments), ...);
        auto context = std::make_shared<Context>();
        auto result = no_grad([&] { return F::forward(*context, arguments...); });
        constexpr bool single = std::is_same_v<decltype(result), Tensor>;
        std::vector<Array> arrays;
        if constexpr (single) arrays.push_back(result.data());
        else
            for (const Tensor& tensor : result) arrays.push_back(tensor.data());
        context->forward_done(arrays);
        Tensors outputs = record_list(
            std::move(arrays), inputs,
            [context](const Tensors& y, Wanted wanted, const Tensors& dy) {
                return context->differentiate(function_name(), y, wanted, dy, [&](const Tensors& gradients) {
                    if constexpr (single) return Gradients(F::backward(*context, gradients[0]));
                    else return Gradients(F::backward(*context, gradients));
                });
            },
            {.strict = true}, function_name());
        for (std::size_t i = 0; i < outputs.size(); ++i)
            if (context->constant_[i]) outputs[i] = outputs[i].detach();
        if constexpr (single) {
            return outputs[0];
        } else {
            std::copy(outputs.begin(), outputs.end(), result.begin());
            return result;
        }
    }

private:
    static const char* function_name() {
        static const std::string name = detail::type_name(typeid(F).name());
        return name.c_str();
    }
};

}  // namespace weft
