#include <weft/autograd/suggest.hpp>
#include <weft/optim/registry.hpp>

#include <fmt/core.h>

#include <map>

namespace weft::optim {
namespace {

// A function's own static: registrations run before main in no known order.
std::map<std::string, Registration::Factory>& table() {
    static std::map<std::string, Registration::Factory> rows;
    return rows;
}

}  // namespace

Registration::Registration(const std::string& keras_class, Factory factory) { table()[lower(keras_class)] = factory; }

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& row : table()) all.push_back(row.first);
    return all;
}

std::unique_ptr<Optimizer> make(const std::string& name, const Settings& settings) {
    const auto row = table().find(lower(name));
    if (row == table().end())
        throw ValueError(fmt::format("optimizer: there is none named '{}'. {}", name, suggest(name, names())));
    return row->second(settings);
}

}  // namespace weft::optim
