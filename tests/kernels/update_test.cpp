#include "spans.hpp"

#include <weft/autograd/kernels/update.hpp>

using namespace weft::kernels;
using spans::Guarded;

namespace {

template <class T>
const UpdateFunctions<T>& functions_of(Isa isa) {
    if constexpr (std::is_same_v<T, float>) return family<Update>(isa).f32;
    else return family<Update>(isa).f64;
}

/// The formulas in double, on one parameter.
struct Scalar {
    double w, g, slot[3] = {};
};

/// Three steps of `kernel` on spans of every awkward size against `formula` on each element; slots start non-negative.
template <class T, class Kernel, class Formula>
void check(Kernel&& kernel, Formula&& formula) {
    for (std::int64_t n : spans::sizes()) {
        INFO("n " << n);
        Guarded<T> w(spans::uniform<T>(n, -1, 1, 1)), a(spans::uniform<T>(n, 0.3, 1, 3)),
            b(spans::uniform<T>(n, 0, 0.2, 4)), c(spans::uniform<T>(n, 0, 1, 5));
        std::vector<Scalar> exact;
        for (std::int64_t i = 0; i < n; ++i) exact.push_back({w[i], 0, {a[i], b[i], c[i]}});
        for (unsigned step = 0; step < 3; ++step) {
            const Guarded<T> g(spans::uniform<T>(n, -1, 1, 10 + step));
            kernel(w.data(), g.data(), a.data(), b.data(), c.data(), n);
            for (std::int64_t i = 0; i < n; ++i) {
                Scalar& s = exact[static_cast<std::size_t>(i)];
                s.g = g[i];
                formula(s);
            }
        }
        for (const auto* span : {&w, &a, &b, &c}) REQUIRE(span->untouched());
        const double tolerance = std::is_same_v<T, float> ? 2e-6 : 4e-15;
        for (std::int64_t i = 0; i < n; ++i) {
            const Scalar& s = exact[static_cast<std::size_t>(i)];
            REQUIRE(std::abs(w[i] - s.w) <= tolerance);
            REQUIRE(std::abs(a[i] - s.slot[0]) <= tolerance);
            REQUIRE(std::abs(b[i] - s.slot[1]) <= tolerance);
            REQUIRE(std::abs(c[i] - s.slot[2]) <= tolerance);
        }
    }
}

}  // namespace

TEMPLATE_TEST_CASE("optimizer updates follow their formulas", "[kernels]", float, double) {
    using T = TestType;
    for (Isa isa : available()) {
        INFO(name(isa));
        const UpdateFunctions<T>& k = functions_of<T>(isa);
        SECTION("sgd " + std::string(name(isa))) {
            check<T>([&](T* w, const T* g, T*, T*, T*, std::int64_t n) { k.sgd(w, g, n, 0.1); },
                     [](Scalar& s) { s.w -= 0.1 * s.g; });
        }
        for (bool nesterov : {false, true})
            SECTION("momentum " + std::to_string(nesterov) + std::string(name(isa))) {
                check<T>([&](T* w, const T* g, T* v, T*, T*, std::int64_t n) {
                    k.momentum(w, g, v, n, 0.1, 0.9, nesterov);
                }, [&](Scalar& s) {
                    double& v = s.slot[0];
                    v = 0.9 * v - 0.1 * s.g;
                    s.w += nesterov ? 0.9 * v - 0.1 * s.g : v;
                });
            }
        for (bool amsgrad : {false, true})
            for (double decay : {0., 0.01})
                SECTION("adam " + std::to_string(amsgrad) + std::to_string(decay) + std::string(name(isa))) {
                    check<T>([&](T* w, const T* g, T* v, T* m, T* vmax, std::int64_t n) {
                        k.adam(w, g, m, v, amsgrad ? vmax : nullptr, n, 0.05, 0.9, 0.99, 1e-3, decay);
                    }, [&](Scalar& s) {
                        double &v = s.slot[0], &m = s.slot[1], &vmax = s.slot[2];
                        s.w *= 1 - decay;
                        m += (s.g - m) * (1 - 0.9);
                        v += (s.g * s.g - v) * (1 - 0.99);
                        if (amsgrad) vmax = std::max(vmax, v);
                        s.w -= 0.05 * m / (std::sqrt(amsgrad ? vmax : v) + 1e-3);
                    });
                }
        for (bool centered : {false, true})
            for (bool with_momentum : {false, true})
                SECTION("rmsprop " + std::to_string(centered) + std::to_string(with_momentum) +
                        std::string(name(isa))) {
                    check<T>([&](T* w, const T* g, T* v, T* average, T* velocity, std::int64_t n) {
                        k.rmsprop(w, g, v, centered ? average : nullptr, with_momentum ? velocity : nullptr, n, 0.05,
                                  0.9, 0.8, 1e-3);
                    }, [&](Scalar& s) {
                        double &v = s.slot[0], &average = s.slot[1], &velocity = s.slot[2];
                        v = 0.9 * v + (1 - 0.9) * s.g * s.g;
                        if (centered) average = 0.9 * average + (1 - 0.9) * s.g;
                        double step = 0.05 * s.g / std::sqrt(v - (centered ? average * average : 0) + 1e-3);
                        if (with_momentum) step = velocity = 0.8 * velocity + step;
                        s.w -= step;
                    });
                }
        SECTION("adagrad " + std::string(name(isa))) {
            check<T>([&](T* w, const T* g, T* a, T*, T*, std::int64_t n) { k.adagrad(w, g, a, n, 0.1, 1e-3); },
                     [](Scalar& s) {
                         s.slot[0] += s.g * s.g;
                         s.w -= 0.1 * s.g / std::sqrt(s.slot[0] + 1e-3);
                     });
        }
        SECTION("adadelta " + std::string(name(isa))) {
            check<T>(
                [&](T* w, const T* g, T* a, T* d, T*, std::int64_t n) { k.adadelta(w, g, a, d, n, 0.5, 0.9, 1e-3); },
                [](Scalar& s) {
                    double &a = s.slot[0], &d = s.slot[1];
                    a = 0.9 * a + (1 - 0.9) * s.g * s.g;
                    const double step = std::sqrt(d + 1e-3) / std::sqrt(a + 1e-3) * s.g;
                    d = 0.9 * d + (1 - 0.9) * step * step;
                    s.w -= 0.5 * step;
                });
        }
    }
}
