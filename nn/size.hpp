// Sizes of windows, strides and the like: one number for both directions, or {height, width}.
#pragma once

#include <array>
#include <cstdint>

namespace weft::nn {

struct Size2 {
    std::int64_t height, width;
    constexpr Size2(std::int64_t both) : height(both), width(both) {}
    constexpr Size2(std::int64_t height, std::int64_t width) : height(height), width(width) {}
    constexpr std::array<std::int64_t, 2> array() const { return {height, width}; }
    constexpr bool operator==(const Size2&) const = default;
};

}  // namespace weft::nn
