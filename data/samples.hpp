// Samples: what a Loader draws from when the samples do not lie in memory as tensors.
#pragma once

#include <weft/autograd/tensor.hpp>
#include <weft/data/buffers.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <utility>

namespace weft::data {

/// Numbered samples that become a batch when it is asked for.
struct Samples {
    /// The samples of these numbers, in this order, as tensors with one first axis. Several threads may call it at
    /// once. `buffers` has memory for the results; memory from elsewhere will do.
    using Gather = std::function<Tensors(std::span<const std::int64_t> numbers, Buffers& buffers)>;

    Samples(std::int64_t count, Gather gather) : count(count), gather(std::move(gather)) {}

    std::int64_t count;
    Gather gather;
};

/// All of them, in order, as tensors in memory.
Tensors gather_all(const Samples& samples);

}  // namespace weft::data
