// PNG pictures of 8 bits: grey and RGB.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <string>

namespace weft::data {

/// Whether this build of weft can read and write pictures.
bool can_png();

/// A picture as uint8 [height, width, 1] (grey) or [height, width, 3] (RGB). Throws FileError: not there, no PNG,
/// damaged, with transparency, a palette or 16 bits, more pixels than the file can hold.
Tensor read_png(const std::string& path);

/// Writes uint8 [height, width], [height, width, 1] or [height, width, 3], or floats of such a shape, where 0 is black
/// and 1 is white; what lies outside is cut. A file that was there is replaced when the new one is complete. Throws
/// FileError, ShapeError, DTypeError, ValueError for NaN.
void write_png(const std::string& path, const Tensor& picture);

}  // namespace weft::data
