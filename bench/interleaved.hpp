// Fair comparison of functions on a machine that others use too: they take turns in one process, each turn long enough
// to time, and the best of many rounds counts.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace weft::bench {

inline double seconds_of(const std::function<void()>& function, int repeats) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats; ++i) function();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / repeats;
}

/// The shortest seconds of one call, for each function: whatever else runs only adds to them.
inline std::vector<double> interleaved(const std::vector<std::function<void()>>& functions, int rounds = 50,
                                       double turn = 1e-3) {
    std::vector<int> repeats;
    std::vector<double> fastest;
    for (const auto& function : functions) {
        function();
        fastest.push_back(seconds_of(function, 1));
        repeats.push_back(std::clamp(static_cast<int>(turn / fastest.back()), 1, 10000));
    }
    for (int round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < functions.size(); ++i)
            fastest[i] = std::min(fastest[i], seconds_of(functions[i], repeats[i]));
    return fastest;
}

}  // namespace weft::bench
