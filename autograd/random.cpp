#include <weft/autograd/kernels/random.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/random.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weft {

namespace {
constinit thread_local Generator* scoped = nullptr;
}

Generator& default_generator() {
    static Generator generator;
    return scoped ? *scoped : generator;
}

void manual_seed(std::uint64_t seed) { default_generator() = Generator(seed); }

GeneratorScope::GeneratorScope(Generator& generator) : before_(scoped) { scoped = &generator; }
GeneratorScope::~GeneratorScope() { scoped = before_; }

namespace random {
namespace {

void check(DType dtype, const char* where) {
    if (!is_floating(dtype))
        throw DTypeError(fmt::format("{}: draws float32 or float64; received {}", where, name(dtype)));
}

template <class T>
void draw_uniform(Stream stream, std::int64_t first, T* out, std::int64_t n) {
    const auto& kernels = kernels::active<kernels::Random>();
    if constexpr (std::is_same_v<T, float>) kernels.uniform_f32(stream.seed, stream.number, first, out, n);
    else kernels.uniform_f64(stream.seed, stream.number, first, out, n);
}

template <class T>
void draw_normal(Stream stream, std::int64_t first, T* out, std::int64_t n) {
    const auto& kernels = kernels::active<kernels::Random>();
    if constexpr (std::is_same_v<T, float>) kernels.normal_f32(stream.seed, stream.number, first, out, n);
    else kernels.normal_f64(stream.seed, stream.number, first, out, n);
}

}  // namespace

Tensor uniform(const Shape& shape, double low, double high, DType dtype, Generator& generator) {
    check(dtype, "random::uniform");
    if (!(low <= high))
        throw ValueError(fmt::format("random::uniform: low must not exceed high; received {} and {}", low, high));
    Array result(shape, dtype);
    const Stream stream = generator.next();
    dispatch_floating(dtype, [&]<class T>(T) {
        T* out = result.data<T>();
        kernels::parallel_for(result.elements(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
            draw_uniform(stream, begin, out + begin, end - begin);
            // Rounding may end on `high`, which is excluded.
            const T below = std::nextafter(static_cast<T>(high), static_cast<T>(low));
            for (std::int64_t i = begin; i < end; ++i)
                out[i] = std::min(static_cast<T>(low + (high - low) * static_cast<double>(out[i])), below);
        });
    });
    return Tensor(std::move(result));
}

Tensor uniform(const Shape& shape, DType dtype) { return uniform(shape, 0, 1, dtype); }

Tensor normal(const Shape& shape, double mean, double stddev, DType dtype, Generator& generator) {
    check(dtype, "random::normal");
    Array result(shape, dtype);
    const Stream stream = generator.next();
    dispatch_floating(dtype, [&]<class T>(T) {
        T* out = result.data<T>();
        kernels::parallel_for(result.elements(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
            draw_normal(stream, begin, out + begin, end - begin);
            for (std::int64_t i = begin; i < end; ++i)
                out[i] = static_cast<T>(mean + stddev * static_cast<double>(out[i]));
        });
    });
    return Tensor(std::move(result));
}

Tensor normal(const Shape& shape, DType dtype) { return normal(shape, 0, 1, dtype); }

Tensor truncated_normal(const Shape& shape, double mean, double stddev, DType dtype, Generator& generator) {
    check(dtype, "random::truncated_normal");
    Array result(shape, dtype);
    const Stream stream = generator.next();
    const std::int64_t n = result.elements();
    dispatch_floating(dtype, [&]<class T>(T) {
        // Round r draws for element i from position r n + i of the stream.
        T* out = result.data<T>();
        draw_normal(stream, 0, out, n);
        for (std::int64_t i = 0; i < n; ++i) {
            double value = static_cast<double>(out[i]);
            for (std::int64_t round = 1; std::abs(value) > 2; ++round) {
                T again;
                draw_normal(stream, round * n + i, &again, 1);
                value = static_cast<double>(again);
            }
            out[i] = static_cast<T>(mean + stddev * value);
        }
    });
    return Tensor(std::move(result));
}

Tensor integers(const Shape& shape, std::int64_t low, std::int64_t high, Generator& generator) {
    if (low >= high)
        throw ValueError(fmt::format("random::integers: low must be below high; received {} and {}", low, high));
    Array result(shape, int64);
    Array draws(shape, float64);
    draw_uniform(generator.next(), 0, draws.data<double>(), draws.elements());
    const double span = static_cast<double>(high - low);
    for (std::int64_t i = 0; i < draws.elements(); ++i)
        result.data<std::int64_t>()[i] =
            std::min(high - 1, low + static_cast<std::int64_t>(span * draws.data<double>()[i]));
    return Tensor(std::move(result));
}

Tensor permutation(std::int64_t n, Stream stream) {
    if (n < 0) throw ValueError(fmt::format("random::permutation: the count must not be negative; received {}", n));
    Array result({n}, int64), draws({n}, float64);
    std::int64_t* order = result.data<std::int64_t>();
    const double* u = draws.data<double>();
    std::iota(order, order + n, 0);
    draw_uniform(stream, 0, draws.data<double>(), n);
    for (std::int64_t i = n - 1; i > 0; --i)  // Fisher and Yates
        std::swap(order[i], order[std::min(i, static_cast<std::int64_t>(u[i] * static_cast<double>(i + 1)))]);
    return Tensor(std::move(result));
}

Tensor permutation(std::int64_t n, Generator& generator) { return permutation(n, generator.next()); }

}  // namespace random
}  // namespace weft
