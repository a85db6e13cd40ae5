// What the tests of the recurrent kernels share: sizes, made-up sequences, and the reading of plain references.
#pragma once

#include "../catch.hpp"
#include "guarded.hpp"

#include <weft/autograd/kernels/isa.hpp>
#include <weft/autograd/kernels/threads.hpp>

#include <memory>
#include <string>

namespace weft::testing {

struct Sequences {
    std::int64_t batch, steps, units;
    bool masked, from_state;

    std::string text() const {
        return std::to_string(batch) + " x " + std::to_string(steps) + " x " + std::to_string(units) +
               (masked ? " masked" : "") + (from_state ? " from state" : "");
    }
};

/// Calls check(sequences) for sizes around the vectors and the tiles, with masks and first states, on one thread and
/// two.
template <class Check>
void each_sequences(Check&& check) {
    const int before = kernels::num_threads();
    for (int threads : {1, 2})
        for (bool masked : {false, true})
            for (bool from_state : {false, true}) {
                kernels::set_num_threads(threads);
                check(Sequences{1, 1, 1, masked, from_state});
                check(Sequences{2, 3, 5, masked, from_state});
                check(Sequences{7, 4, 16, masked, from_state});
                check(Sequences{15, 3, 17, masked, from_state});
                check(Sequences{131, 2, 3, masked, from_state});
                check(Sequences{70, 60, 33, masked, from_state});
            }
    kernels::set_num_threads(before);
}

/// A mask with holes, among them a row of nothing else.
inline std::unique_ptr<bool[]> mask_of(const Sequences& s) {
    if (!s.masked) return nullptr;
    auto mask = std::make_unique<bool[]>(static_cast<std::size_t>(s.batch * s.steps));
    for (std::int64_t i = 0; i < s.batch * s.steps; ++i)
        mask[static_cast<std::size_t>(i)] = i / s.steps % 5 != 1 && i * 7 % 11 < 8;
    return mask;
}

inline double logistic(double x) { return 1 / (1 + std::exp(-x)); }

template <class T>
std::vector<double> widened(const std::vector<T>& values) {
    return {values.begin(), values.end()};
}

/// Weights under which states neither die nor run into chaos, where the smallest difference would grow.
template <class T>
std::vector<T> recurrent_weights(std::int64_t units, std::int64_t columns) {
    std::vector<T> weights = random_values<T>(units * columns, 1);
    for (T& weight : weights) weight /= std::sqrt(static_cast<T>(units));
    return weights;
}

template <class T>
constexpr double recurrent_tolerance = sizeof(T) == 4 ? 1e-5 : 1e-12;

}  // namespace weft::testing
