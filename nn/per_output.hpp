// What compile is told of each of a model's outputs.
#pragma once

#include <weft/autograd/error.hpp>
#include <weft/autograd/suggest.hpp>

#include <algorithm>
#include <concepts>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace weft::nn {

/// One thing for all outputs, "mse"; one for each in order, {"mse", "mae"}; or by name, {{"price", "mse"}, {"kind",
/// "mae"}}.
template <class T>
class PerOutput {
public:
    PerOutput() = default;
    template <std::convertible_to<T> U>
    PerOutput(const U& for_all) : values_{T(for_all)}, for_all_(true) {}
    PerOutput(std::initializer_list<T> in_order) : values_(in_order) {}
    PerOutput(const std::vector<T>& in_order) : values_(in_order) {}
    PerOutput(std::initializer_list<std::pair<std::string, T>> by_name) {
        for (const auto& [name, value] : by_name) {
            names_.push_back(name);
            values_.push_back(value);
        }
    }

    bool empty() const { return values_.empty(); }
    /// The one for all outputs, or the only one; null if there are several, or none.
    const T* single() const { return values_.size() == 1 ? &values_[0] : nullptr; }
    std::size_t size() const { return values_.size(); }

    /// One for each output, `otherwise` where nothing was said. Throws ValueError, beginning with `where`, for another
    /// number than there are outputs, or a name that none has.
    std::vector<T> of_outputs(const std::vector<std::string>& outputs, const T& otherwise,
                              const std::string& where) const {
        if (for_all_) return std::vector<T>(outputs.size(), values_[0]);
        std::vector<T> all(outputs.size(), otherwise);
        if (names_.empty()) {
            if (!values_.empty() && values_.size() != outputs.size())
                throw ValueError(where + ": the model has " + std::to_string(outputs.size()) +
                                 " outputs; received a list of " + std::to_string(values_.size()));
            std::copy(values_.begin(), values_.end(), all.begin());
            return all;
        }
        for (std::size_t i = 0; i < names_.size(); ++i) {
            const auto at = std::find(outputs.begin(), outputs.end(), names_[i]);
            if (at == outputs.end())
                throw ValueError(where + ": the model has no output '" + names_[i] + "'. " +
                                 suggest(names_[i], outputs));
            all[static_cast<std::size_t>(at - outputs.begin())] = values_[i];
        }
        return all;
    }

private:
    std::vector<T> values_;
    std::vector<std::string> names_;
    bool for_all_ = false;
};

}  // namespace weft::nn
