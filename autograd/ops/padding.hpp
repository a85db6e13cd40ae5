// Keras's padding rules for convolution and pooling along one axis.
#pragma once

#include <cstdint>
#include <string>

namespace weft {

enum class Padding { valid, same };

/// "valid" or "same". Throws ValueError, naming `where`.
Padding padding_from(const std::string& name, const char* where);

/// The number of outputs along an axis and the zeros ahead of it. 'valid': floor((n - extent) / stride) + 1 outputs,
/// where extent = (kernel - 1) dilation + 1; 'same': ceil(n / stride), the smaller half of the padding first.
/// Throws ShapeError for a kernel that a 'valid' input has no room for, ValueError for sizes below 1.
struct PaddedAxis {
    std::int64_t outputs, before;
};
PaddedAxis padded_axis(std::int64_t n, std::int64_t kernel, std::int64_t stride, std::int64_t dilation, Padding padding,
                       const char* where);

}  // namespace weft
