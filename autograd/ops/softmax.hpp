// Softmax and the cross-entropies that are computed from logits.
#pragma once

#include <weft/autograd/tensor.hpp>

namespace weft {

/// exp(x) / sum(exp(x)) along an axis. The result remembers its logits, so that a cross-entropy of it is stable.
Tensor softmax(const Tensor& x, std::int64_t axis = -1);
Tensor log_softmax(const Tensor& x, std::int64_t axis = -1);

/// -sum(target * log_softmax(logits)) over the last axis. target has the shape of logits and is no less than 0; it
/// need not sum to 1.
Tensor softmax_cross_entropy(const Tensor& target, const Tensor& logits);
/// -log_softmax(logits)[label]; labels are int64, of the logits' shape without its last axis. Throws ValueError for a
/// label outside [0, classes), naming it and its place.
Tensor sparse_softmax_cross_entropy(const Tensor& labels, const Tensor& logits);
/// -target log(sigmoid(x)) - (1 - target) log(1 - sigmoid(x)), element by element.
Tensor sigmoid_cross_entropy(const Tensor& target, const Tensor& logits);

/// Makes `result` remember what its softmax or sigmoid was taken of.
void remember_logits(Tensor& result, const Tensor& logits, detail::Companions::Link link);
/// The logits that `probabilities` remembers from that link; undefined if none.
Tensor remembered_logits(const Tensor& probabilities, detail::Companions::Link link);

// The fused derivatives.
Tensor softmax_gradient(const Tensor& dy, const Tensor& y);      ///< y (dy - sum(dy y)) along the last axis
Tensor log_softmax_gradient(const Tensor& dy, const Tensor& y);  ///< dy - exp(y) sum(dy) along the last axis

}  // namespace weft
