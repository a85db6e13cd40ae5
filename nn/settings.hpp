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
        if (const Setting* found = find(key))
            if (const auto value = converted<T>(*found); value.index() == 1) return std::get<1>(value);
        throw ValueError("option '" + std::string(key) + "' is missing or of another kind");
    }
    /// These options with the values that `given` has for their keys, in the kinds they have here; other keys are ignored.
    Settings with(const Settings& given) const {
        Settings result = *this;
        for (Entry& entry : result.entries_)
            if (const Setting* value = given.find(entry.first)) {
                if (std::holds_alternative<bool>(entry.second)) entry.second = given.get<bool>(entry.first);
                else if (std::holds_alternative<std::int64_t>(entry.second)) entry.second = given.get<std::int64_t>(entry.first);
                else if (std::holds_alternative<double>(entry.second)) entry.second = given.get<double>(entry.first);
                else entry.second = *value;
            }
        return result;
    }

    bool operator==(const Settings&) const = default;

private:
    template <class T>
    static std::variant<std::monostate, T> converted(const Setting& setting) {
        return std::visit(
            [](const auto& value) -> std::variant<std::monostate, T> {
                using Value = std::decay_t<decltype(value)>;
                if constexpr (std::is_same_v<Value, T> || (std::is_arithmetic_v<Value> && std::is_arithmetic_v<T>))
                    return std::variant<std::monostate, T>(std::in_place_index<1>, static_cast<T>(value));
                else
                    return {};
            },
            setting);
    }

    std::vector<Entry> entries_;
};

}  // namespace weft::nn
