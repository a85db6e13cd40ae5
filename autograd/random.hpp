// Random numbers: counter-based, so that threads and instruction sets change nothing. See kernels/random.hpp.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <atomic>
#include <cstdint>

namespace weft {

/// One sequence of random numbers: value i of it is a function of (seed, number, i).
struct Stream {
    std::uint64_t seed, number;
};

/// A seed and the number of the next stream. Every draw of a tensor takes one stream.
class Generator {
public:
    explicit Generator(std::uint64_t seed = 0, std::uint64_t counter = 0) : seed_(seed), counter_(counter) {}
    Generator(const Generator& other) : seed_(other.seed()), counter_(other.counter()) {}
    Generator& operator=(const Generator& other) {
        seed_ = other.seed();
        counter_ = other.counter();
        return *this;
    }

    Stream next() { return {seed_, counter_++}; }
    std::uint64_t seed() const { return seed_; }
    std::uint64_t counter() const { return counter_; }

private:
    std::atomic<std::uint64_t> seed_, counter_;
};

/// What is used where no generator is named: initializers, dropout, shuffling. Shared by all threads, but for those
/// inside a GeneratorScope.
Generator& default_generator();

/// Makes a generator this thread's default while it lives: fit draws from one of its own, so that models trained on
/// several threads do not disturb each other's numbers.
class GeneratorScope {
public:
    explicit GeneratorScope(Generator& generator);
    ~GeneratorScope();
    GeneratorScope(const GeneratorScope&) = delete;
    GeneratorScope& operator=(const GeneratorScope&) = delete;

private:
    Generator* before_;
};
/// Starts the default generator anew: the same seed gives the same numbers.
void manual_seed(std::uint64_t seed);

namespace random {

/// Independent values, uniform from low (included) to high (excluded).
Tensor uniform(const Shape& shape, double low = 0, double high = 1, DType dtype = float32,
               Generator& generator = default_generator());
Tensor uniform(const Shape& shape, DType dtype);
/// Independent values from the normal distribution.
Tensor normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32,
              Generator& generator = default_generator());
Tensor normal(const Shape& shape, DType dtype);
/// Normal values, drawn again where they fall beyond two standard deviations.
Tensor truncated_normal(const Shape& shape, double mean = 0, double stddev = 1, DType dtype = float32,
                        Generator& generator = default_generator());
/// Integers from low (included) to high (excluded), int64.
Tensor integers(const Shape& shape, std::int64_t low, std::int64_t high, Generator& generator = default_generator());
/// The numbers 0 .. n - 1 in random order, int64.
Tensor permutation(std::int64_t n, Generator& generator = default_generator());
Tensor permutation(std::int64_t n, Stream stream);

}  // namespace random
}  // namespace weft
