#include <weft/autograd/kernels/libm.hpp>

#include <cmath>

namespace weft::kernels {
namespace {

template <class T, class F>
void each(const T* x, T* y, std::int64_t n, F f) {
    for (std::int64_t i = 0; i < n; ++i) y[i] = f(x[i]);
}

}  // namespace

void libm::sin(const float* x, float* y, std::int64_t n) noexcept {
    each(x, y, n, [](float v) { return std::sin(v); });
}
void libm::sin(const double* x, double* y, std::int64_t n) noexcept {
    each(x, y, n, [](double v) { return std::sin(v); });
}
void libm::cos(const float* x, float* y, std::int64_t n) noexcept {
    each(x, y, n, [](float v) { return std::cos(v); });
}
void libm::cos(const double* x, double* y, std::int64_t n) noexcept {
    each(x, y, n, [](double v) { return std::cos(v); });
}
void libm::erf(const double* x, double* y, std::int64_t n) noexcept {
    each(x, y, n, [](double v) { return std::erf(v); });
}
void libm::pow(const float* a, const float* b, float* y, std::int64_t n) noexcept {
    for (std::int64_t i = 0; i < n; ++i) y[i] = std::pow(a[i], b[i]);
}
void libm::pow(const double* a, const double* b, double* y, std::int64_t n) noexcept {
    for (std::int64_t i = 0; i < n; ++i) y[i] = std::pow(a[i], b[i]);
}

}  // namespace weft::kernels
