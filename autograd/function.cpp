#include <weft/autograd/function.hpp>

#include <fmt/core.h>

#include <cstdlib>
#include <cxxabi.h>

namespace weft {

void Context::add(const Tensor& tensor) { entries_.push_back({Saved(tensor), tensor.data(), -1}); }

void Context::forward_done(const std::vector<Array>& results) {
    for (Entry& entry : entries_) {
        for (std::size_t i = 0; i < results.size(); ++i)
            if (entry.array.data<std::byte>() == results[i].data<std::byte>() && entry.array.shares_buffer(results[i]))
                entry.result = static_cast<int>(i);
        entry.array = Array();
    }
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

Tensors detail::zeros_where_undefined(const Tensors& dy, const Tensors& y) {
    Tensors filled = dy;
    for (std::size_t i = 0; i < dy.size(); ++i)
        if (!filled[i].defined()) filled[i] = Tensor(zeros_array(y[i].shape(), y[i].dtype()));
    return filled;
}

}  // namespace weft
