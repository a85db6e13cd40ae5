#include <weft/autograd/error.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/nn/history.hpp>

#include <algorithm>

namespace weft::nn {
namespace {

template <class Entries>
auto find(Entries& entries, const std::string& name) {
    return std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == name; });
}

template <class Entries>
const auto& find_or_throw(const Entries& entries, const std::string& name, const char* where) {
    const auto found = find(entries, name);
    if (found != entries.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& entry : entries) known.push_back(entry.first);
    throw ValueError(std::string(where) + ": there is no '" + name + "'. " + suggest(name, known));
}

}  // namespace

void Logs::set(const std::string& name, double value) {
    const auto found = find(values_, name);
    if (found != values_.end()) found->second = value;
    else values_.emplace_back(name, value);
}

bool Logs::contains(const std::string& name) const { return find(values_, name) != values_.end(); }
double Logs::operator[](const std::string& name) const { return find_or_throw(values_, name, "Logs"); }

void History::add(int epoch, const Logs& logs) {
    epochs_.push_back(epoch);
    for (const auto& [name, value] : logs.values()) {
        const auto found = find(columns_, name);
        if (found != columns_.end()) found->second.push_back(value);
        else columns_.push_back({name, {value}});
    }
}

const std::vector<double>& History::operator[](const std::string& name) const {
    return find_or_throw(columns_, name, "History");
}
bool History::contains(const std::string& name) const { return find(columns_, name) != columns_.end(); }

std::vector<std::string> History::names() const {
    std::vector<std::string> all;
    for (const auto& [name, values] : columns_) all.push_back(name);
    return all;
}

}  // namespace weft::nn
