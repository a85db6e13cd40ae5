// Weights whose values are about to be read from a file.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <cstdint>

namespace weft::nn {

/// While it lives, this thread's modules leave new weights as their memory comes, without drawing a random number, and
/// may make no more elements than the file has for them: a config may ask for anything.
class BlankWeights {
public:
    explicit BlankWeights(std::int64_t most_elements);
    ~BlankWeights();
    BlankWeights(const BlankWeights&) = delete;
    BlankWeights& operator=(const BlankWeights&) = delete;

    /// The innermost of this thread; null if there is none.
    static BlankWeights* current();
    /// Throws ValueError beyond the bound.
    Tensor make(const Shape& shape, DType dtype);

private:
    std::int64_t left_;
    BlankWeights* before_;
};

}  // namespace weft::nn
