// What Keras's files say of a regularizer or a constraint, in the forms that its versions write: a name, a class with
// its config, or Keras 1's settings beside the name. For their sources only.
#pragma once

#include <weft/autograd/error.hpp>
#include <weft/autograd/suggest.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

namespace weft::nn {

/// Throws ValueError, saying `what` it was meant to be, for JSON of another form.
class Described {
public:
    Described(const nlohmann::json& given, const char* what) : what_(what) {
        if (given.is_string()) {
            name_ = given.get<std::string>();
            return;
        }
        const char* key = given.is_object() && given.contains("class_name") ? "class_name" : "name";
        if (!given.is_object() || !given.contains(key) || !given.at(key).is_string())
            throw ValueError(fmt::format("{}: this describes none: {}", what, given.dump().substr(0, 80)));
        name_ = given.at(key).get<std::string>();
        settings_ = given.contains("config") ? given.at("config") : given;
    }

    const std::string& name() const { return name_; }
    const char* what() const { return what_; }

    /// The setting by the first of its keys that is there.
    double number(std::initializer_list<const char*> keys, double otherwise) const {
        const nlohmann::json* found = find(keys);
        if (!found) return otherwise;
        if (!found->is_number()) refuse(*keys.begin(), "a number", *found);
        return found->get<double>();
    }
    std::string word(const char* key, const char* otherwise) const {
        const nlohmann::json* found = find({key});
        if (!found) return otherwise;
        if (!found->is_string()) refuse(key, "a word", *found);
        return found->get<std::string>();
    }
    /// A number or a list of them.
    std::vector<std::int64_t> axes(const char* key, std::int64_t otherwise) const {
        const nlohmann::json* found = find({key});
        if (!found) return {otherwise};
        std::vector<std::int64_t> axes;
        for (const nlohmann::json& axis : found->is_array() ? *found : nlohmann::json::array({*found})) {
            if (!axis.is_number_integer()) refuse(key, "an axis or a list of them", *found);
            axes.push_back(axis.get<std::int64_t>());
        }
        return axes;
    }

private:
    const nlohmann::json* find(std::initializer_list<const char*> keys) const {
        for (const char* key : keys)
            if (settings_.is_object() && settings_.contains(key) && !settings_.at(key).is_null())
                return &settings_.at(key);
        return nullptr;
    }
    [[noreturn]] void refuse(const char* key, const char* wanted, const nlohmann::json& value) const {
        throw ValueError(
            fmt::format("{} {}: '{}' must be {}; received {}", what_, name_, key, wanted, value.dump().substr(0, 80)));
    }

    const char* what_;
    std::string name_;
    nlohmann::json settings_;
};

template <class T>
struct DescribedRow {
    std::vector<std::string> names;  ///< the usual one first; capitals and underscores do not count
    T (*make)(const Described&);
};

/// What the row of that name makes. Throws ValueError for an unknown name, listing the known ones.
template <class T>
T make_described(const Described& described, const std::vector<DescribedRow<T>>& table) {
    const auto plain = [](const std::string& name) {
        std::string text = lower(name);
        std::erase(text, '_');
        return text;
    };
    std::vector<std::string> known;
    for (const DescribedRow<T>& row : table) {
        for (const std::string& name : row.names)
            if (plain(name) == plain(described.name())) return row.make(described);
        known.push_back(row.names.front());
    }
    throw ValueError(fmt::format("{}: there is none named '{}'. {}", described.what(), described.name(),
                                 suggest(described.name(), known)));
}

}  // namespace weft::nn
