#include <weft/autograd/suggest.hpp>
#include <weft/nn/metric_choice.hpp>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace weft::nn {

void MetricChoice::add_to(Metrics& metrics) const {
    if (text_) metrics.add(Metric(*text_));
    if (metric_) metrics.add(*metric_);
    for (const MetricChoice& entry : list_) entry.add_to(metrics);
}

bool MetricChoice::flat() const {
    return std::all_of(list_.begin(), list_.end(), [](const MetricChoice& entry) { return entry.leaf(); });
}

// An entry such as {"price", {"mae"}}.
bool MetricChoice::names_one_of(const std::vector<std::string>& outputs) const {
    return list_.size() == 2 && list_[0].text_ &&
           std::find(outputs.begin(), outputs.end(), *list_[0].text_) != outputs.end();
}

std::vector<Metrics> MetricChoice::of_outputs(const std::vector<std::string>& outputs, const std::string& where) const {
    std::vector<Metrics> all(outputs.size());
    if (!leaf() && list_.empty()) return all;
    const auto names_output = [&](const MetricChoice& entry) { return entry.names_one_of(outputs); };
    if (std::any_of(list_.begin(), list_.end(), names_output)) {
        for (const MetricChoice& entry : list_) {
            if (!names_output(entry)) {
                const std::string given =
                    entry.list_.empty() ? entry.text_.value_or("") : entry.list_[0].text_.value_or("");
                throw ValueError(
                    fmt::format("{}: the model has no output '{}'. {}", where, given, suggest(given, outputs)));
            }
            const auto at = std::find(outputs.begin(), outputs.end(), *entry.list_[0].text_) - outputs.begin();
            entry.list_[1].add_to(all[static_cast<std::size_t>(at)]);
        }
        return all;
    }
    if (outputs.size() == 1) {
        add_to(all[0]);
        return all;
    }
    if (list_.size() != outputs.size())
        throw ValueError(fmt::format(
            "{}: a model of several outputs takes an entry for each, or {{name, metrics}} pairs, for {}; received {}",
            where, fmt::join(outputs, ", "), leaf() ? 1 : list_.size()));
    for (std::size_t i = 0; i < outputs.size(); ++i) list_[i].add_to(all[i]);
    return all;
}

}  // namespace weft::nn
