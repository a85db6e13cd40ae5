#include <weft/nn/progress.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace weft::nn {
namespace {

std::string duration(double seconds) {
    if (seconds >= 60) return fmt::format("{}:{:02}", static_cast<int>(seconds) / 60, static_cast<int>(seconds) % 60);
    return fmt::format("{:.0f}s", seconds);
}

std::string per_step(double seconds) {
    if (seconds >= 1) return fmt::format("{:.1f}s/step", seconds);
    if (seconds >= 1e-3) return fmt::format("{:.{}f}ms/step", seconds * 1e3, seconds < 1e-2 ? 1 : 0);
    return fmt::format("{:.0f}us/step", seconds * 1e6);
}

}  // namespace

Progress::Progress(int verbose, std::int64_t steps)
    : verbose_(verbose), live_(verbose == 1 && isatty(fileno(stdout))), steps_(steps), start_(Clock::now()),
      last_(start_) {}

void Progress::heading(const std::string& text) const {
    if (verbose_ > 0) fmt::print("{}\n", text);
}

std::string Progress::line(std::int64_t done, const Logs& logs, bool finished) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    std::string text = steps_ > 0 ? fmt::format("{}/{}", done, steps_) : fmt::format("{}", done);
    if (live_ && steps_ > 0) {
        constexpr std::int64_t width = 30;
        const std::int64_t full = std::clamp<std::int64_t>(done * width / steps_, 0, width);
        text += " ";
        for (std::int64_t i = 0; i < width; ++i) text += i < full ? "━" : "─";
        text += " ";
    } else {
        text += " - ";
    }
    const double each = seconds / static_cast<double>(std::max<std::int64_t>(done, 1));
    if (finished || steps_ == 0) text += duration(seconds) + " " + per_step(each);
    else text += duration(each * static_cast<double>(steps_ - done)) + " left";
    for (const auto& [name, value] : logs.values()) {
        const bool plain = value == 0 || (std::abs(value) >= 1e-3 && std::abs(value) < 1e5);
        text += plain ? fmt::format(" - {}: {:.4f}", name, value) : fmt::format(" - {}: {:.4e}", name, value);
    }
    return text;
}

void Progress::step(std::int64_t done, const std::function<Logs()>& logs) {
    if (!live_) return;
    const auto now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    fmt::print("\r{}\033[K", line(done, logs(), false));
    std::fflush(stdout);
}

void Progress::finish(std::int64_t done, const Logs& logs) {
    if (verbose_ == 0) return;
    fmt::print("{}{}{}\n", live_ ? "\r" : "", line(done, logs, true), live_ ? "\033[K" : "");
    std::fflush(stdout);
}

}  // namespace weft::nn
