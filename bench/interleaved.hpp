// Fair comparison of functions on a machine that others use too: they take turns in one process, each turn long enough
// to time, and the best of many rounds counts.
#pragma once

#include <weft/autograd/memory.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <vector>

namespace weft::bench {

/// Memory as the library's arrays have it: on cache lines, large blocks in huge pages. Where small pages happen to lie
/// tells in the time of whoever writes to them.
template <class T>
struct Pooled {
    using value_type = T;
    Pooled() = default;
    template <class U>
    Pooled(const Pooled<U>&) {}
    T* allocate(std::size_t count) { return static_cast<T*>(weft::allocate(count * sizeof(T))); }
    void deallocate(T* memory, std::size_t count) { weft::deallocate(memory, count * sizeof(T)); }
    bool operator==(const Pooled&) const { return true; }
};

using Floats = std::vector<float, Pooled<float>>;

inline Floats random_values(std::int64_t count) {
    static std::mt19937 engine(1);
    std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
    Floats values(static_cast<std::size_t>(count));
    for (float& value : values) value = uniform(engine);
    return values;
}

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
