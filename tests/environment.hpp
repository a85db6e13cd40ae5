// An environment variable set, or unset, for as long as this lives.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

namespace weft::testing {

class Environment {
public:
    Environment(const std::string& name, const std::optional<std::string>& value) : name_(name) {
        if (const char* before = std::getenv(name.c_str())) before_ = before;
        set(value);
    }
    ~Environment() { set(before_); }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

private:
    void set(const std::optional<std::string>& value) {
        if (value) setenv(name_.c_str(), value->c_str(), 1);
        else unsetenv(name_.c_str());
    }

    std::string name_;
    std::optional<std::string> before_;
};

}  // namespace weft::testing
