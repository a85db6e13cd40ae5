#include <weft/autograd/observe.hpp>
#include <weft/autograd/thread_state.hpp>

#include <vector>

namespace weft {
namespace {

std::vector<std::string>& calls() {
    static thread_local std::vector<std::string> labels;
    return labels;
}

}  // namespace

Observer::Observer() : outer_(this_thread.observer) { this_thread.observer = this; }
Observer::~Observer() { this_thread.observer = outer_; }

std::string call_path() {
    std::string path;
    for (const std::string& label : calls()) path += (path.empty() ? "" : " > ") + label;
    return path;
}

bool detail::CallScope::observed() { return this_thread.observer != nullptr; }

void detail::CallScope::enter(std::string label) {
    for (Observer* each = this_thread.observer; each; each = each->outer()) each->enter(label);
    calls().push_back(std::move(label));
}

void detail::CallScope::leave() noexcept { calls().pop_back(); }

}  // namespace weft
