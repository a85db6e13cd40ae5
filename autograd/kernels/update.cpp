#include <weft/autograd/kernels/update.hpp>

#include <weft/autograd/kernels/spans.hpp>

namespace weft::kernels {
namespace {

/// The value in every lane, rounded only here.
template <class T>
Batch<T> all(double value) {
    return Batch<T>(static_cast<T>(value));
}

template <class T>
void sgd(T* w, const T* g, std::int64_t n, double rate) {
    const Batch<T> all_rate = all<T>(rate);
    each<T>(n, [&](auto at, std::int64_t i) {
        at.store(w + i, xsimd::fnma(all_rate, at.load(g + i), at.load(w + i)));
    });
}

template <class T>
void momentum(T* w, const T* g, T* v, std::int64_t n, double rate, double momentum, bool nesterov) {
    const Batch<T> all_momentum = all<T>(momentum), all_rate = all<T>(rate);
    each<T>(n, [&](auto at, std::int64_t i) {
        const Batch<T> step = all_rate * at.load(g + i);
        const Batch<T> velocity = all_momentum * at.load(v + i) - step;
        at.store(v + i, velocity);
        at.store(w + i, at.load(w + i) + (nesterov ? all_momentum * velocity - step : velocity));
    });
}

template <bool amsgrad, class T>
void adam_of(T* w, const T* g, T* m, T* v, T* vmax, std::int64_t n, double alpha, double beta1, double beta2,
             double epsilon, double decay) {
    const Batch<T> rest1 = all<T>(1 - beta1), rest2 = all<T>(1 - beta2), kept = all<T>(1 - decay);
    const Batch<T> all_alpha = all<T>(alpha), all_epsilon = all<T>(epsilon);
    each<T>(n, [&](auto at, std::int64_t i) {
        const Batch<T> gradient = at.load(g + i);
        Batch<T> mean = at.load(m + i), square = at.load(v + i);
        mean = xsimd::fma(gradient - mean, rest1, mean);
        square = xsimd::fma(gradient * gradient - square, rest2, square);
        at.store(m + i, mean);
        at.store(v + i, square);
        if constexpr (amsgrad) {
            square = xsimd::max(at.load(vmax + i), square);
            at.store(vmax + i, square);
        }
        const Batch<T> step = all_alpha * mean / (xsimd::sqrt(square) + all_epsilon);
        at.store(w + i, at.load(w + i) * kept - step);
    });
}

template <class T>
void adam(T* w, const T* g, T* m, T* v, T* vmax, std::int64_t n, double alpha, double beta1, double beta2,
          double epsilon, double decay) {
    return (vmax ? adam_of<true, T> : adam_of<false, T>)(w, g, m, v, vmax, n, alpha, beta1, beta2, epsilon, decay);
}

template <bool centered, bool with_momentum, class T>
void rmsprop_of(T* w, const T* g, T* v, T* average, T* velocity, std::int64_t n, double rate, double rho,
                double momentum, double epsilon) {
    const Batch<T> all_rho = all<T>(rho), rest = all<T>(1 - rho), all_rate = all<T>(rate);
    const Batch<T> all_momentum = all<T>(momentum), all_epsilon = all<T>(epsilon);
    each<T>(n, [&](auto at, std::int64_t i) {
        const Batch<T> gradient = at.load(g + i);
        const Batch<T> square = all_rho * at.load(v + i) + rest * (gradient * gradient);
        at.store(v + i, square);
        Batch<T> variance = square;
        if constexpr (centered) {
            const Batch<T> mean = all_rho * at.load(average + i) + rest * gradient;
            at.store(average + i, mean);
            variance = square - mean * mean;
        }
        Batch<T> step = all_rate * gradient / xsimd::sqrt(variance + all_epsilon);
        if constexpr (with_momentum) {
            step = all_momentum * at.load(velocity + i) + step;
            at.store(velocity + i, step);
        }
        at.store(w + i, at.load(w + i) - step);
    });
}

template <class T>
void rmsprop(T* w, const T* g, T* v, T* average, T* velocity, std::int64_t n, double rate, double rho,
             double momentum, double epsilon) {
    const auto kernel = average ? (velocity ? rmsprop_of<true, true, T> : rmsprop_of<true, false, T>)
                                : (velocity ? rmsprop_of<false, true, T> : rmsprop_of<false, false, T>);
    kernel(w, g, v, average, velocity, n, rate, rho, momentum, epsilon);
}

template <class T>
void adagrad(T* w, const T* g, T* a, std::int64_t n, double rate, double epsilon) {
    const Batch<T> all_rate = all<T>(rate), all_epsilon = all<T>(epsilon);
    each<T>(n, [&](auto at, std::int64_t i) {
        const Batch<T> gradient = at.load(g + i), sum = xsimd::fma(gradient, gradient, at.load(a + i));
        at.store(a + i, sum);
        at.store(w + i, at.load(w + i) - all_rate * gradient / xsimd::sqrt(sum + all_epsilon));
    });
}

template <class T>
void adadelta(T* w, const T* g, T* a, T* d, std::int64_t n, double rate, double rho, double epsilon) {
    const Batch<T> all_rate = all<T>(rate), all_rho = all<T>(rho), rest = all<T>(1 - rho),
                   all_epsilon = all<T>(epsilon);
    each<T>(n, [&](auto at, std::int64_t i) {
        const Batch<T> gradient = at.load(g + i), moved = at.load(d + i);
        const Batch<T> square = all_rho * at.load(a + i) + rest * (gradient * gradient);
        at.store(a + i, square);
        const Batch<T> step = xsimd::sqrt(moved + all_epsilon) * gradient / xsimd::sqrt(square + all_epsilon);
        at.store(d + i, all_rho * moved + rest * (step * step));
        at.store(w + i, at.load(w + i) - all_rate * step);
    });
}

template <class T>
constexpr UpdateFunctions<T> functions_of{sgd<T>, momentum<T>, adam<T>, rmsprop<T>, adagrad<T>, adadelta<T>};

constexpr Update table{functions_of<float>, functions_of<double>};

}  // namespace

template <>
const Update& family<Update, this_isa>() {
    return table;
}

}  // namespace weft::kernels
