// Element types, known at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace weft {

/// bool and uint8 know only cast, comparison, indexing, where and input/output.
enum class DType : std::uint8_t { boolean, uint8, int64, float32, float64 };

inline constexpr DType boolean = DType::boolean;
inline constexpr DType uint8 = DType::uint8;
inline constexpr DType int64 = DType::int64;
inline constexpr DType float32 = DType::float32;
inline constexpr DType float64 = DType::float64;

constexpr std::size_t item_size(DType dtype) {
    constexpr std::size_t sizes[] = {1, 1, 8, 4, 8};
    return sizes[static_cast<int>(dtype)];
}

constexpr std::string_view name(DType dtype) {
    constexpr std::string_view names[] = {"bool", "uint8", "int64", "float32", "float64"};
    return names[static_cast<int>(dtype)];
}

constexpr bool is_floating(DType dtype) { return dtype >= DType::float32; }

/// The DType of a C++ element type: bool, uint8_t, int64_t, float or double.
template <class T>
constexpr DType dtype_of() {
    if constexpr (std::is_same_v<T, bool>) return DType::boolean;
    else if constexpr (std::is_same_v<T, std::uint8_t>) return DType::uint8;
    else if constexpr (std::is_same_v<T, std::int64_t>) return DType::int64;
    else if constexpr (std::is_same_v<T, float>) return DType::float32;
    else {
        static_assert(std::is_same_v<T, double>, "weft's elements are bool, uint8_t, int64_t, float and double");
        return DType::float64;
    }
}

/// The element type that holds any C++ arithmetic type: integers become int64, long double becomes double.
template <class T>
using element_for = std::conditional_t<
    std::is_same_v<T, bool> || std::is_same_v<T, std::uint8_t> || std::is_same_v<T, float>, T,
    std::conditional_t<std::is_floating_point_v<T>, double, std::int64_t>>;

/// Calls f with a value-initialised element of the dtype's C++ type.
template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
    switch (dtype) {
        case DType::boolean: return f(bool{});
        case DType::uint8: return f(std::uint8_t{});
        case DType::int64: return f(std::int64_t{});
        case DType::float32: return f(float{});
        default: return f(double{});
    }
}

/// The same for float32 and float64 alone; the caller has checked.
template <class F>
decltype(auto) dispatch_floating(DType dtype, F&& f) {
    return dtype == DType::float64 ? f(double{}) : f(float{});
}

}  // namespace weft
