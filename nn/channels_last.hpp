// What layers of sequences [batch, steps, channels] and of images [batch, height, width, channels] check and read
// alike. For their sources only.
#pragma once

#include <weft/nn/module.hpp>
#include <weft/nn/size.hpp>

#include <nlohmann/json_fwd.hpp>

namespace weft::nn {

/// Throws ShapeError unless the input has these axes and, if they are known (not 0), as many channels; the text says
/// how to add an axis that lacks.
void check_sequence(const Module& layer, const Shape& input, std::int64_t channels = 0);
void check_images(const Module& layer, const Shape& input, std::int64_t channels = 0);
/// The number of channels of an input that a layer is built for. Throws ShapeError if it is not known.
std::int64_t known_channels(const Module& layer, const Shape& input);

/// Throws ValueError unless the layer's input_shape, if there is one, has `rank` axes, which `meaning` names.
void check_input_shape(const Module& layer, int rank, const char* meaning);
/// Throws ValueError unless all sizes are positive.
void check_positive(const Module& layer, std::initializer_list<Size2> sizes, const char* names);

/// Throws ValueError for a config whose data_format is another.
void read_channels_last(const nlohmann::json& config, const char* layer);
/// A size as one number or two.
Size2 config_size(const nlohmann::json& config, const char* key, Size2 otherwise);

}  // namespace weft::nn
