#include <weft/autograd/profile.hpp>
#include <weft/autograd/thread_state.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft {

Profile::Profile() : last_(Clock::now()) {}

double Profile::lap() {
    const Clock::time_point now = Clock::now();
    return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
}

void Profile::op(const std::string& name, Node*, std::uint32_t index, std::size_t bytes) {
    if (this_thread.running) return;  // part of a derivative
    ProfileRow& row = rows_[name];
    row.bytes += bytes;
    if (index > 0) return;
    ++row.calls;
    row.seconds += lap();
}

void Profile::enter(const std::string&) {
    if (!this_thread.running) lap();
}

void Profile::before_derivative(const Node&) {
    if (!this_thread.running) lap();
}

void Profile::after_derivative(const Node& node, std::span<const Tensor>, std::span<const Tensor> dx) {
    if (this_thread.running) return;  // of a pass within a derivative
    ProfileRow& row = rows_[node.name()];
    ++row.backward_calls;
    row.backward_seconds += lap();
    for (const Tensor& each : dx)
        if (each.defined()) row.backward_bytes += each.data().bytes();
}

std::vector<ProfileRow> Profile::rows() const {
    std::vector<ProfileRow> found;
    for (const auto& [name, row] : rows_) {
        found.push_back(row);
        found.back().op = name;
    }
    std::stable_sort(found.begin(), found.end(), [](const ProfileRow& a, const ProfileRow& b) {
        return a.seconds + a.backward_seconds > b.seconds + b.backward_seconds;
    });
    return found;
}

std::string Profile::table() const { return str(rows()); }

void Profile::clear() {
    rows_.clear();
    lap();
}

std::string str(const std::vector<ProfileRow>& rows) {
    std::size_t width = 5;
    ProfileRow total{.op = "total"};
    for (const ProfileRow& row : rows) {
        width = std::max(width, row.op.size());
        total.calls += row.calls, total.seconds += row.seconds, total.bytes += row.bytes;
        total.backward_calls += row.backward_calls, total.backward_seconds += row.backward_seconds,
            total.backward_bytes += row.backward_bytes;
    }
    std::string text = fmt::format("{:<{}} {:>10} {:>12} {:>12} | {:>10} {:>12} {:>12}\n", "op", width, "calls", "ms",
                                   "MB", "backward", "ms", "MB");
    const auto line = [&](const ProfileRow& row) {
        text += fmt::format("{:<{}} {:>10} {:>12.3f} {:>12.3f} | {:>10} {:>12.3f} {:>12.3f}\n", row.op, width,
                            row.calls, row.seconds * 1e3, static_cast<double>(row.bytes) / 1e6, row.backward_calls,
                            row.backward_seconds * 1e3, static_cast<double>(row.backward_bytes) / 1e6);
    };
    for (const ProfileRow& row : rows) line(row);
    line(total);
    return text;
}

}  // namespace weft
