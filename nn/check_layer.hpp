// One call that proves a layer, weft's or one's own.
#pragma once

#include <weft/nn/layer.hpp>

#include <string>

namespace weft::nn {

struct CheckLayerOptions {
    Tensor input = {};         ///< what to feed, [batch, ...] with at least two rows; random normal if not given
    Shapes other_inputs = {};  ///< of the samples of a layer's second and further inputs
    bool batch_independent = true;  ///< in inference each row's result depends on that row alone
    bool saving = true;        ///< weights, and the whole layer if its class is registered, survive a file
    int order = 2;             ///< of the derivatives that are checked
    double tolerance = 1e-6;
};

/// Checks that the layer, fed with samples of input_shape (without the batch axis):
/// - gives results of the shape that output_shape() promises, for several batch sizes;
/// - has the derivatives, to its inputs and to each weight, that central differences find, in float64, first and second
///   order, in training and in inference;
/// - gives in inference the same result for a row alone as within a batch, twice the same, and writes to no weight;
/// - comes out of a file as it went in.
/// Throws Error saying what does not hold. The layer keeps its weights, and is built afterwards if it was not.
void check_layer(const Layer& layer, const Shape& input_shape, const CheckLayerOptions& options = {});

}  // namespace weft::nn
