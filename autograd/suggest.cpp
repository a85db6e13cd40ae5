#include <weft/autograd/suggest.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace weft {

std::string lower(std::string_view name) {
    std::string text(name);
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

namespace {

// Damerau's and Levenshtein's distance, neighbours exchanged at most once (optimal string alignment).
std::size_t distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

}  // namespace

std::string suggest(std::string_view name, std::span<const std::string> known) {
    const std::string* nearest = nullptr;
    std::size_t best = 0;
    for (const std::string& candidate : known) {
        const std::size_t wrong = distance(lower(name), lower(candidate));
        if (wrong * 3 <= std::max<std::size_t>(candidate.size(), 3) && (!nearest || wrong < best)) {
            nearest = &candidate;
            best = wrong;
        }
    }
    const std::string list = fmt::format("Known: {}.", fmt::join(known, ", "));
    return nearest ? fmt::format("Did you mean '{}'? {}", *nearest, list) : list;
}

}  // namespace weft
