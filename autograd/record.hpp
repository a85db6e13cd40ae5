// How an op goes onto the tape. An op computes its result and says what its derivative is, in one place:
//
//     Tensor multiply(const Tensor& a, const Tensor& b) {
//         return record(result, {a, b}, [b = save(b)](const Tensor& dy) { return dy * b; },
//                       [a = save(a)](const Tensor& dy) { return dy * a; });
//     }
//
// There is one rule for each input, each run (and kept, with what it saved) only if that input needs a gradient; or a
// single rule that returns Gradients for all. A rule takes (dy), or (y, dy) if it uses the result, or (wanted, dy) or
// (y, wanted, dy) if one rule for several inputs should know which are wanted. Rules are written in differentiable ops.
// They need not undo broadcasting: the engine sums a gradient down to its input's shape.
#pragma once

#include <weft/autograd/mode.hpp>
#include <weft/autograd/saved.hpp>

#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace weft {

/// Which inputs of an op need a gradient.
using Wanted = std::span<const bool>;

namespace detail {

Tensor make_result(Array&& array, Node* node, std::uint32_t index);
Tensor make_unrecorded(Array&& array, const char* function, std::uint32_t index);

struct Input {
    const Tensor* tensor;
    Input(const Tensor& x) : tensor(&x) {}
};

template <std::size_t N, class... Rules>
class OpNode final : public Node {
    static constexpr bool uses_result = (std::is_invocable_v<Rules&, const Tensor&, const Tensor&> || ...) ||
                                        (std::is_invocable_v<Rules&, const Tensor&, Wanted, const Tensor&> || ...);
    static constexpr bool one_for_all = sizeof...(Rules) == 1 && N != 1;
    static_assert(sizeof...(Rules) == N || sizeof...(Rules) == 1, "an op has one rule for each input, or one for all");

public:
    OpNode(const char* function, const Array& result, const Input (&inputs)[N], Rules&&... rules)
        : Node({result.shape(), result.dtype()}), function_(function) {
        for (std::size_t i = 0; i < N; ++i) edges_[i] = inputs[i].tensor->impl()->edge;
        link(edges_);
        keep(std::index_sequence_for<Rules...>(), std::move(rules)...);
        if constexpr (uses_result) result_ = Saved(result);
    }

    std::string name() const override { return function_; }

    void run(std::span<Tensor> dy, std::span<Tensor> dx, std::span<const bool> wanted) override {
        Tensor y;
        if constexpr (uses_result) y = result_.get(Edge{Pointer<Node>(this), 0});
        if constexpr (one_for_all) {
            Gradients all = call(*std::get<0>(rules_), y, wanted, dy[0]);
            check_count(all.size());
            for (std::size_t i = 0; i < N; ++i)
                if (wanted[i]) dx[i] = std::move(all[i]);
        } else {
            run_each(y, dy[0], dx, wanted, std::index_sequence_for<Rules...>());
        }
    }

    void release() override {
        std::apply([](auto&... rules) { (rules.reset(), ...); }, rules_);
        result_ = {};
    }

    static void* operator new(std::size_t bytes) { return allocate(bytes); }
    static void operator delete(void* block) { deallocate(block, sizeof(OpNode)); }

private:
    template <std::size_t... I>
    void keep(std::index_sequence<I...>, Rules&&... rules) {
        ((edges_[one_for_all ? 0 : I] || one_for_all ? void(std::get<I>(rules_).emplace(std::move(rules))) : void()),
         ...);
    }

    template <class Rule>
    static auto call(Rule& rule, const Tensor& y, Wanted wanted, const Tensor& dy) {
        if constexpr (std::is_invocable_v<Rule&, const Tensor&, Wanted, const Tensor&>) return rule(y, wanted, dy);
        else if constexpr (std::is_invocable_v<Rule&, Wanted, const Tensor&>) return rule(wanted, dy);
        else if constexpr (std::is_invocable_v<Rule&, const Tensor&, const Tensor&>) return rule(y, dy);
        else return rule(dy);
    }

    template <std::size_t... I>
    void run_each(const Tensor& y, const Tensor& dy, std::span<Tensor> dx, Wanted wanted, std::index_sequence<I...>) {
        ((wanted[I] ? void(dx[I] = one(call(*std::get<I>(rules_), y, wanted, dy))) : void()), ...);
    }
    static Tensor one(Tensor gradient) { return gradient; }
    Tensor one(Gradients gradients) {
        check_count(gradients.size());
        return std::move(gradients[0]);
    }

    const char* function_;
    std::array<Edge, N> edges_;
    std::tuple<std::optional<Rules>...> rules_;
    std::conditional_t<uses_result, Saved, std::tuple<>> result_;
};

// Any number of inputs and outputs, one rule for all.
template <class Rule>
class ListNode final : public Node {
    static constexpr bool uses_results = std::is_invocable_v<Rule&, const Tensors&, Wanted, const Tensors&>;

public:
    ListNode(const char* function, const std::vector<Array>& results, const Tensors& inputs, Rule&& rule)
        : Node({results[0].shape(), results[0].dtype()}), function_(function), rule_(std::move(rule)) {
        for (std::size_t i = 1; i < results.size(); ++i) add_output({results[i].shape(), results[i].dtype()});
        for (const Tensor& input : inputs) edges_.push_back(input.defined() ? input.impl()->edge : Edge());
        link(edges_);
        if constexpr (uses_results)
            for (const Array& result : results) results_.push_back(Saved(result));
    }

    std::string name() const override { return function_; }

    void run(std::span<Tensor> dy, std::span<Tensor> dx, std::span<const bool> wanted) override {
        Gradients all;
        if constexpr (uses_results) {
            Tensors y;
            for (std::uint32_t i = 0; i < results_.size(); ++i)
                y.push_back(results_[i].get(Edge{Pointer<Node>(this), i}));
            all = (*rule_)(y, wanted, Tensors(dy.begin(), dy.end()));
        } else {
            all = (*rule_)(wanted, Tensors(dy.begin(), dy.end()));
        }
        check_count(all.size());
        for (std::size_t i = 0; i < all.size(); ++i)
            if (wanted[i]) dx[i] = std::move(all[i]);
    }

    void release() override {
        rule_.reset();
        results_.clear();
    }

private:
    const char* function_;
    std::vector<Edge> edges_;
    std::optional<Rule> rule_;
    std::vector<Saved> results_;
};

template <std::size_t N>
bool needs_grad(const Input (&inputs)[N]) {
    if (!grad_enabled()) return false;
    for (const Input& input : inputs)
        if (input.tensor->requires_grad()) return true;
    return false;
}

inline bool needs_grad(const Tensors& inputs) {
    if (!grad_enabled()) return false;
    for (const Tensor& input : inputs)
        if (input.requires_grad()) return true;
    return false;
}

// The name of the op is the name of the function that records it.
struct Result {
    Array array;
    const char* function;
    Result(Array result, const char* function = __builtin_FUNCTION()) : array(std::move(result)), function(function) {}
};

}  // namespace detail

/// The result of an op as a tensor, on the tape if recording is on and an input requires a gradient.
template <std::size_t N, class... Rules>
Tensor record(detail::Result result, const detail::Input (&inputs)[N], Rules... rules) {
    if (!detail::needs_grad(inputs)) return detail::make_unrecorded(std::move(result.array), result.function, 0);
    auto* node = new detail::OpNode<N, Rules...>(result.function, result.array, inputs, std::move(rules)...);
    return detail::make_result(std::move(result.array), node, 0);
}

/// The same for a list of inputs (undefined ones have no gradient) and of at least one result. The rule takes
/// (wanted, dy) or (y, wanted, dy), where dy[i] is undefined if no gradient came to result i, and returns a gradient
/// for each input. Results that are not float32 or float64 are not on the tape.
struct ListOptions {
    bool strict = false;  ///< a gradient that is smaller than its input is an error
};
template <class Rule>
Tensors record_list(std::vector<Array> results, const Tensors& inputs, Rule rule, const ListOptions& options = {},
                    const char* function = __builtin_FUNCTION()) {
    Tensors outputs;
    Pointer<Node> node;
    if (detail::needs_grad(inputs)) {
        node = Pointer<Node>(new detail::ListNode<Rule>(function, results, inputs, std::move(rule)));
        node->strict = options.strict;
    }
    for (std::uint32_t i = 0; i < results.size(); ++i)
        outputs.push_back(node ? detail::make_result(std::move(results[i]), node.get(), i)
                               : detail::make_unrecorded(std::move(results[i]), function, i));
    return outputs;
}

/// For kernels, to which an input that was not given is a null pointer.
template <class T>
const T* data_or_null(const Tensor& x) {
    return x.defined() ? x.data().data<T>() : nullptr;
}

}  // namespace weft
