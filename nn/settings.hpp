// Options by their Keras names, as a model's file keeps them.
#pragma once

#include <weft/autograd/error.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weft::nn {

/// One option's value; monostate is Python's None.
using Setting = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// Options in the order in which Keras writes them.
class Settings {
public:
    using Entry = std::pair<std::string, Setting>;

    Settings() = default;
    Settings(std::initializer_list<Entry> entries) : entries_(entries) {}

    auto begin() const { return entries_.begin(); }
    auto end() const { return entries_.end(); }
    bool empty() const { return entries_.empty(); }

    /// Null if there is no such key.
    const Setting* find(std::string_view key) const {
        for (const Entry& entry : entries_)
            if (entry.first == key) return &entry.second;
        return nullptr;
    }
    void set(std::string_view key, Setting value) {
        for (Entry& entry : entries_)
            if (entry.first == key) {
                entry.second = std::move(value);
                return;
            }
        entries_.emplace_back(key, std::move(value));
    }
    /// The value as T; numbers convert. Throws ValueError if there is no such key or it holds something else.
    template <class T>
    T get(std::string_view key) const {
        const Setting* found = find(key);
        T value{};
        if (found && std::visit([&](const auto& held) { return convert(held, value); }, *found)) return value;
        throw ValueError("option '" + std::string(key) + "' is missing or of another kind");
    }
    /// These options with the values that `given` has for their keys, in the kinds they have here; other keys are
    /// ignored.
    Settings with(const Settings& given) const {
        Settings result = *this;
        for (Entry& entry : result.entries_)
            if (const Setting* value = given.find(entry.first)) {
                if (std::holds_alternative<bool>(entry.second)) entry.second = given.get<bool>(entry.first);
                else if (std::holds_alternative<std::int64_t>(entry.second))
                    entry.second = given.get<std::int64_t>(entry.first);
                else if (std::holds_alternative<double>(entry.second)) entry.second = given.get<double>(entry.first);
                else entry.second = *value;
            }
        return result;
    }

    bool operator==(const Settings&) const = default;

private:
    template <class From, class To>
    static bool convert(const From& from, To& to) {
        constexpr bool possible = std::is_same_v<From, To> || (std::is_arithmetic_v<From> && std::is_arithmetic_v<To>);
        if constexpr (possible) to = static_cast<To>(from);
        return possible;
    }

    std::vector<Entry> entries_;
};

}  // namespace weft::nn
