// Fair comparison of functions on a machine that others use too: they take turns in one process, each turn long enough
// to time, and the medians count.
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

/// The median seconds of one call, for each function.
inline std::vector<double> interleaved(const std::vector<std::function<void()>>& functions, int rounds = 15,
                                       double turn = 2e-3) {
    std::vector<int> repeats;
    for (const auto& function : functions) {
        function();
        const double once = seconds_of(function, 1);
        repeats.push_back(std::clamp(static_cast<int>(turn / once), 1, 10000));
    }
    std::vector<std::vector<double>> times(functions.size());
    for (int round = 0; round < rounds; ++round)
        for (std::size_t i = 0; i < functions.size(); ++i) times[i].push_back(seconds_of(functions[i], repeats[i]));
    std::vector<double> medians;
    for (auto& samples : times) {
        std::nth_element(samples.begin(), samples.begin() + samples.size() / 2, samples.end());
        medians.push_back(samples[samples.size() / 2]);
    }
    return medians;
}

}  // namespace weft::bench
