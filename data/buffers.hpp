// Memory for batches, used again.
#pragma once

#include <weft/autograd/array.hpp>

#include <cstddef>
#include <mutex>
#include <vector>

namespace weft::data {

/// Arrays for batches. What the caller has let go of is used again: it is warm in the cache, and buffers that one
/// thread takes from the pool and another gives back would pile up with the latter. Any thread may take.
class Buffers {
public:
    /// Keeps at most that many arrays for another use.
    explicit Buffers(std::size_t most) : most_(most) {}

    /// An array whose elements hold anything.
    Array take(const Shape& shape, DType dtype);

private:
    const std::size_t most_;
    std::mutex mutex_;
    std::vector<Array> kept_;
};

}  // namespace weft::data
