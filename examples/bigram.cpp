#include "bigram.hpp"

#include <algorithm>
#include <cmath>

namespace examples {

Bigram::Bigram(const weft::Tensor& tokens, std::int64_t vocabulary)
    : vocabulary_(vocabulary),
      contexts_(static_cast<std::size_t>(vocabulary)),
      preceded_(static_cast<std::size_t>(vocabulary)) {
    const auto ids = tokens.values<std::int64_t>();
    for (std::size_t i = 1; i < ids.size(); ++i) {
        Context& context = contexts_[static_cast<std::size_t>(ids[i - 1])];
        ++context.count;
        if (++pairs_[ids[i - 1] * vocabulary + ids[i]] > 1) continue;
        ++context.followers;
        words_ += ++preceded_[static_cast<std::size_t>(ids[i])] == 1;
    }
    double once = 0, twice = 0;
    for (const auto& [pair, count] : pairs_) {
        once += count == 1;
        twice += count == 2;
    }
    discount_ = once > 0 ? once / (once + 2 * twice) : 0.5;
}

double Bigram::probability(std::int64_t before, std::int64_t word) const {
    const auto taken = [&](std::int64_t count) { return std::max(static_cast<double>(count) - discount_, 0.0); };
    const double all = static_cast<double>(pairs_.size()), uniform = 1.0 / static_cast<double>(vocabulary_);
    const double single = taken(preceded_[static_cast<std::size_t>(word)]) / all +
                          discount_ * static_cast<double>(words_) / all * uniform;
    const Context& context = contexts_[static_cast<std::size_t>(before)];
    if (context.count == 0) return single;
    const auto found = pairs_.find(before * vocabulary_ + word);
    const double count = static_cast<double>(context.count);
    return (found == pairs_.end() ? 0 : taken(found->second)) / count +
           discount_ * static_cast<double>(context.followers) / count * single;
}

double Bigram::loss(const weft::Tensor& x, const weft::Tensor& y) const {
    const auto before = x.values<std::int64_t>(), after = y.values<std::int64_t>();
    double sum = 0;
    for (std::size_t i = 0; i < before.size(); ++i) sum -= std::log(probability(before[i], after[i]));
    return sum;
}

}  // namespace examples
