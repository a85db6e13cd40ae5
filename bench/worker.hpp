// The conversation of a worker with bench/compare; bench/peers/worker.py says what is asked and answered.
#pragma once

#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <string>

namespace weft::bench {

using Step = std::function<void()>;
/// Makes its data when called, and returns what builds the model.
using Row = std::function<std::function<Step()>()>;

/// A size in bytes out of this process's status, such as VmRSS.
inline long long process_status(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string name; status >> name;)
        if (long long kilobytes = 0; name == field + ":" && status >> kilobytes) return kilobytes * 1024;
    return 0;
}

inline int serve(int argc, char** argv, const std::map<std::string, Row>& rows) {
    using Clock = std::chrono::steady_clock;
    const auto since = [](Clock::time_point begin) {
        return std::chrono::duration<double>(Clock::now() - begin).count();
    };
    const auto row = rows.find(argc > 1 ? argv[1] : "");
    if (row == rows.end()) {
        std::puts("unknown");
        return 0;
    }
    const std::function<Step()> build = row->second();
    const long long before = process_status("VmRSS");
    std::puts("ready");
    std::fflush(stdout);
    Step step;
    std::string what;
    for (int count = 0; std::cin >> what >> count;) {
        if (!step) {
            std::ofstream("/proc/self/clear_refs") << 5;  // forget the peak of what came before
            step = build();
        }
        if (what == "latency") {
            for (int i = 0; i < count; ++i) {
                const auto begin = Clock::now();
                step();
                std::printf("%.9f ", since(begin));
            }
            std::puts("");
        } else {
            const auto begin = Clock::now();
            for (int i = 0; i < count; ++i) step();
            const double seconds = since(begin);
            if (what == "memory") std::printf("%lld\n", process_status("VmHWM") - before);
            else std::printf("%.9f\n", seconds);
        }
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace weft::bench
