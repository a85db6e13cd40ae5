#include <weft/autograd/error.hpp>
#include <weft/nn/blank_weights.hpp>

#include <fmt/core.h>

namespace weft::nn {
namespace {
constinit thread_local BlankWeights* innermost_blank = nullptr;
}

BlankWeights::BlankWeights(std::int64_t most_elements) : left_(most_elements), before_(innermost_blank) {
    innermost_blank = this;
}
BlankWeights::~BlankWeights() { innermost_blank = before_; }
BlankWeights* BlankWeights::current() { return innermost_blank; }

Tensor BlankWeights::make(const Shape& shape, DType dtype) {
    std::int64_t elements = 1;
    for (std::int64_t n : shape)
        if (n < 0 || __builtin_mul_overflow(elements, n, &elements)) elements = INT64_MAX;
    if (elements > left_)
        throw ValueError(
            fmt::format("a weight of shape {} is asked for, which is more than the file holds", str(shape)));
    left_ -= elements;
    return Tensor(Array(shape, dtype));
}

}  // namespace weft::nn
