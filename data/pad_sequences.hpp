// Sequences of differing length as one tensor.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weft::data {

struct PadOptions {
    std::int64_t maxlen = None;      ///< the length of the result; None: that of the longest sequence
    std::string padding = "pre";     ///< where a shorter sequence is filled up: "pre" or "post"
    std::string truncating = "pre";  ///< where a longer one loses its steps
    double value = 0;                ///< of the steps that are filled in
};

/// The sequences, each [steps, ...], as one tensor [sequences, maxlen, ...], as Keras's pad_sequences does it. Throws
/// ValueError for options out of range, ShapeError or DTypeError for sequences that differ in more than their steps,
/// naming the first.
Tensor pad_sequences(const Tensors& sequences, const PadOptions& options = {});
/// The same for whole numbers: int64 [sequences, maxlen].
Tensor pad_sequences(const std::vector<std::vector<std::int64_t>>& sequences, const PadOptions& options = {});

}  // namespace weft::data
