#include <weft/autograd/function.hpp>
#include <weft/autograd/mode.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <cxxabi.h>

namespace weft {

void Context::add(const Tensor& tensor) { entries_.push_back({Saved(tensor), tensor.data(), -1}); }

void Context::forward_done(const std::vector<Array>& results) {
    const auto same = [](const Array& a, const Array& b) {
        return a.shares_buffer(b) && a.data<std::byte>() == b.data<std::byte>();
    };
    for (Entry& entry : entries_) {
        for (std::size_t i = 0; i < results.size(); ++i)
            if (same(entry.array, results[i])) entry.result = static_cast<int>(i);
        entry.array = Array();
    }
    for (const Array& result : results)
        constant_.push_back(
            !is_floating(result.dtype()) ||
            std::any_of(marked_.begin(), marked_.end(), [&](const Array& array) { return same(array, result); }));
    marked_.clear();
}

Tensor Context::get(std::size_t i) const {
    if (i >= entries_.size())
        throw GraphError(fmt::format("Context: asked for saved tensor {}, but forward saved {}", i, entries_.size()));
    const Entry& entry = entries_[i];
    return entry.result < 0 ? entry.value.get() : results_[static_cast<std::size_t>(entry.result)];
}

std::string detail::type_name(const char* mangled) {
    int status = 0;
    char* text = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
    std::string name = status == 0 ? text : mangled;
    std::free(text);
    return name.substr(name.rfind(':') == std::string::npos ? 0 : name.rfind(':') + 1);
}

namespace {

// A gradient that backward computed where the tape does not see it: right as a value, and an error to differentiate.
Tensor not_differentiable(const char* function, std::size_t input, const Tensor& gradient, const Tensors& depends_on) {
    return record_list({Array(gradient.data())}, depends_on, [function, input](Wanted, const Tensors&) -> Gradients {
        throw GraphError(
            fmt::format("{}: its backward computed the gradient of input {} outside tensor ops (in xtensor expressions "
                        "or loops), so that there is no second derivative. Write backward in tensor ops, or call in it "
                        "a Function whose backward is.",
                        function, input));
    })[0];
}

bool all_zero(const Tensor& x) {
    return x.visit([](const auto& a) {
        return std::all_of(a.storage().begin(), a.storage().end(), [](auto v) { return v == 0; });
    });
}

}  // namespace

Gradients Context::differentiate(const char* function, const Tensors& y, Wanted wanted, const Tensors& dy,
                                 const std::function<Gradients(const Tensors&)>& backward) {
    results_ = y;
    for (std::size_t i = 0; i < y.size(); ++i)
        if (constant_[i]) results_[i] = y[i].detach();
    wanted_.assign(wanted.begin(), wanted.end());
    const struct Forget {
        Context& context;
        ~Forget() { context.results_.clear(); }
    } forget{*this};
    Tensors gradients = dy;
    for (std::size_t i = 0; i < dy.size(); ++i)
        if (!gradients[i].defined()) gradients[i] = Tensor(zeros_array(y[i].shape(), y[i].dtype()));
    if (!grad_enabled()) return backward(gradients);

    // With the incoming gradients on the tape, what is not on it afterwards was computed elsewhere: a derivative is
    // linear in them.
    for (Tensor& gradient : gradients)
        if (!gradient.requires_grad() && is_floating(gradient.dtype()))
            gradient = gradient.detach().set_requires_grad();
    Gradients found = backward(gradients);
    for (std::size_t i = 0; i < found.size() && i < wanted.size(); ++i) {
        if (!wanted[i] || !found[i].defined() || found[i].requires_grad() || !is_floating(found[i].dtype()) ||
            all_zero(found[i]))
            continue;
        Tensors depends_on = gradients;
        for (std::size_t k = 0; k < entries_.size(); ++k) depends_on.push_back(get(k));
        found[i] = not_differentiable(function, i, found[i], depends_on);
    }
    return found;
}

}  // namespace weft
