// The C library's functions over short spans, compiled with baseline flags: for the arguments and types for which no
// vector formula here is exact enough. y == x is allowed.
#pragma once

#include <cstdint>

namespace weft::kernels::libm {

void sin(const float* x, float* y, std::int64_t n) noexcept;
void sin(const double* x, double* y, std::int64_t n) noexcept;
void cos(const float* x, float* y, std::int64_t n) noexcept;
void cos(const double* x, double* y, std::int64_t n) noexcept;
void erf(const double* x, double* y, std::int64_t n) noexcept;
void pow(const float* a, const float* b, float* y, std::int64_t n) noexcept;
void pow(const double* a, const double* b, double* y, std::int64_t n) noexcept;

}  // namespace weft::kernels::libm
