// In which order Keras keeps the weights of layers and models.
#pragma once

#include <weft/nn/model.hpp>

#include <vector>

namespace weft::nn::saving {

/// The weights of a module in Keras's legacy order: those that are trained, then the others.
std::vector<NamedTensor> legacy_weights(const Module& module);
/// The weights that are trained: what an optimizer keeps its state for, in the order of its file.
std::vector<NamedTensor> trained_weights(const Module& module);

}  // namespace weft::nn::saving
