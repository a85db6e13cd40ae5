#include <weft/autograd/suggest.hpp>
#include <weft/nn/feed.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft::nn {

Feed::Feed(std::initializer_list<std::pair<std::string, Tensor>> by_name) {
    for (const auto& [name, tensor] : by_name) {
        names_.push_back(name);
        tensors_.push_back(tensor);
    }
}

bool Feed::defined() const {
    return std::any_of(tensors_.begin(), tensors_.end(), [](const Tensor& tensor) { return tensor.defined(); });
}

Tensors Feed::in_order(const std::vector<std::string>& names, const std::string& where) const {
    if (!named()) return tensors_;
    Tensors ordered(names.size());
    for (std::size_t i = 0; i < names_.size(); ++i) {
        const auto at = static_cast<std::size_t>(std::find(names.begin(), names.end(), names_[i]) - names.begin());
        if (at == names.size())
            throw ValueError(fmt::format("{}: there is no '{}'. {}", where, names_[i], suggest(names_[i], names)));
        if (ordered[at].defined()) throw ValueError(fmt::format("{}: '{}' is given twice", where, names_[i]));
        ordered[at] = tensors_[i];
    }
    return ordered;
}

}  // namespace weft::nn
