// Drawing classes from what a model predicts: how a language model goes on with a text.
#pragma once

#include <weft/autograd/random.hpp>
#include <weft/autograd/tensor.hpp>

#include <cstdint>

namespace weft::nn {

struct SamplingOptions {
    /// The logits are divided by it: below 1 the likely classes become likelier, above 1 all become more alike; 0 takes
    /// the likeliest, the first of equals.
    double temperature = 1;
    std::int64_t top_k = 0;  ///< only so many of the likeliest classes can be drawn, the first of equals; 0: all
};

/// Draws a class for each row of logits [..., classes]: int64 [...]. Probabilities are given as log(p), which are
/// logits of theirs; a class of logit -infinity is never drawn. Takes one stream of the generator, whatever the
/// options. Throws ShapeError without classes, DTypeError for integers, ValueError for options out of range,
/// NotFiniteError for a row that is NaN, +infinity, or -infinity throughout, naming it.
Tensor sample(const Tensor& logits, const SamplingOptions& options = {}, Generator& generator = default_generator());

}  // namespace weft::nn
