#include "spans.hpp"

#include <weft/autograd/kernels/reduce.hpp>

using namespace weft::kernels;
using spans::Guarded;

namespace {

struct Shape {
    std::int64_t outer, length, inner;
};

/// Every awkward length with every awkward width, and some long and wide ones.
std::vector<Shape> shapes(std::int64_t shortest) {
    std::vector<Shape> all;
    for (std::int64_t length : spans::sizes())
        for (std::int64_t inner : {1, 2, 3, 4, 7, 8, 10, 15, 16, 17, 24, 33, 63, 130})
            if (length >= shortest) all.push_back({2, length, inner});
    for (Shape s : {Shape{3, 10000, 1}, Shape{1, 4096, 1}, Shape{2, 4097, 1}, Shape{2, 34567, 1}, Shape{1, 300, 1024},
                    Shape{1, 3, 1100}, Shape{1, 8, 1100}, Shape{2, 27, 4100}, Shape{1, 70, 2500}, Shape{1, 65, 300},
                    Shape{1, 64, 300}, Shape{2, 5000, 3}, Shape{0, 3, 3}, Shape{1, 3, 0}})
        all.push_back(s);
    return all;
}

template <class T, class K>
auto of(const K& kernel) {
    if constexpr (std::is_same_v<T, float>) return kernel.f32;
    else if constexpr (std::is_same_v<T, double>) return kernel.f64;
    else return kernel.i64;
}

/// Calls check(values along the axis, result) for each result of the kernel on the shape.
template <class T, class R, class Check>
void reduce(ReduceFunction<T, R> kernel, const std::vector<T>& values, const Shape& s, Check&& check) {
    const Guarded<T> x(values);
    Guarded<R> y(s.outer * s.inner);
    kernel(x.data(), y.data(), s.outer, s.length, s.inner);
    REQUIRE(y.untouched());
    std::vector<T> along(static_cast<std::size_t>(s.length));
    for (std::int64_t o = 0; o < s.outer; ++o)
        for (std::int64_t i = 0; i < s.inner; ++i) {
            for (std::int64_t k = 0; k < s.length; ++k)
                along[static_cast<std::size_t>(k)] = x[(o * s.length + k) * s.inner + i];
            INFO("[" << s.outer << ", " << s.length << ", " << s.inner << "] at " << o << ", " << i);
            check(along, y[o * s.inner + i]);
        }
}

std::int64_t count(const Shape& s) { return s.outer * s.length * s.inner; }

template <class T>
bool first_is_more(T a, T b) {
    return b == b && (a != a || a > b);
}

/// The first extreme, NaN above all; sign is 1 for the maximum, -1 for the minimum.
template <class T>
std::size_t extreme(const std::vector<T>& values, T sign) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < values.size(); ++i)
        if (first_is_more<T>(sign * values[i], sign * values[best])) best = i;
    return best;
}

}  // namespace

TEMPLATE_TEST_CASE("sums and products along an axis", "[kernels]", float, double, std::int64_t) {
    using T = TestType;
    for (Isa isa : available()) {
        INFO(name(isa));
        const Reduce& k = family<Reduce>(isa);
        for (const Shape& s : shapes(0)) {
            const auto values = spans::uniform<T>(count(s), -9, 10);
            reduce<T, T>(of<T>(k.sum), values, s, [](const std::vector<T>& along, T y) {
                long double exact = 0, size = 0;
                for (T v : along) exact += v, size += std::abs(static_cast<double>(v));
                const double tolerance = std::is_same_v<T, float> ? 5e-7 : std::is_same_v<T, double> ? 1e-15 : 0;
                if (std::abs(y - exact) > tolerance * size) REQUIRE(y == exact);
            });
            auto near_one = spans::uniform<T>(count(s), 0.9, 1.1);
            for (T& v : near_one) v = v == T(0) ? T(1) : v;
            reduce<T, T>(of<T>(k.product), near_one, s, [](const std::vector<T>& along, T y) {
                long double exact = 1;
                for (T v : along) exact *= v;
                const double error = static_cast<double>(std::abs(y - exact) / exact);
                if (error > (static_cast<double>(along.size()) + 1) * 1.2e-7) REQUIRE(y == exact);
            });
        }
    }
}

TEST_CASE("sums of whole numbers are exact", "[kernels]") {
    for (Isa isa : available())
        for (const Shape& s : shapes(0)) {
            auto values = spans::uniform<float>(count(s), -100, 100);
            for (float& v : values) v = std::floor(v);
            reduce<float, float>(family<Reduce>(isa).sum.f32, values, s, [](const std::vector<float>& along, float y) {
                double exact = 0;
                for (float v : along) exact += v;
                if (y != exact) REQUIRE(y == exact);
            });
        }
}

TEST_CASE("thirty million ones sum to thirty million", "[kernels]") {
    const std::int64_t n = 30'000'000;
    const std::vector<float> ones(static_cast<std::size_t>(n), 1.f), tenths(static_cast<std::size_t>(n), 0.1f);
    const double tenth = 0.1f;
    for (Isa isa : available())
        for (std::int64_t inner : {1, 2, 3, 10, 16, 100}) {
            INFO(name(isa) << ", inner " << inner);
            std::vector<float> y(static_cast<std::size_t>(inner));
            family<Reduce>(isa).sum.f32(ones.data(), y.data(), 1, n / inner, inner);
            for (float v : y) REQUIRE(v == static_cast<float>(n / inner));
            family<Reduce>(isa).sum.f32(tenths.data(), y.data(), 1, n / inner, inner);
            for (float v : y) REQUIRE(std::abs(v / (tenth * static_cast<double>(n / inner)) - 1) < 3e-6);
        }
}

TEMPLATE_TEST_CASE("extremes along an axis, and where they are", "[kernels]", float, double, std::int64_t) {
    using T = TestType;
    for (Isa isa : available()) {
        INFO(name(isa));
        const Reduce& k = family<Reduce>(isa);
        for (const Shape& s : shapes(1)) {
            auto values = spans::uniform<T>(count(s), -50, 50);
            for (T& v : values) v = static_cast<T>(std::floor(v));  // so that there are ties
            for (int with_nan = 0; with_nan < (std::is_floating_point_v<T> ? 3 : 1); ++with_nan) {
                if constexpr (std::is_floating_point_v<T>) {
                    const T nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
                    for (std::size_t i = 0; i < values.size(); i += 13) {
                        if (with_nan == 1 && i % 2) values[i] = nan;
                        if (with_nan == 2) values[i] = i % 2 ? inf : -inf;
                    }
                }
                const auto same = [](T a, T b) { return a == b || (a != a && b != b); };
                reduce<T, T>(of<T>(k.maximum), values, s, [&](const std::vector<T>& along, T y) {
                    if (!same(y, along[extreme(along, T(1))])) REQUIRE(y == along[extreme(along, T(1))]);
                });
                reduce<T, T>(of<T>(k.minimum), values, s, [&](const std::vector<T>& along, T y) {
                    if (!same(y, along[extreme(along, T(-1))])) REQUIRE(y == along[extreme(along, T(-1))]);
                });
                using I = std::int64_t;
                reduce<T, I>(of<T>(k.argmax), values, s, [](const std::vector<T>& along, I y) {
                    const I exact = static_cast<I>(extreme(along, T(1)));
                    if (y != exact) REQUIRE(y == exact);
                });
                reduce<T, I>(of<T>(k.argmin), values, s, [](const std::vector<T>& along, I y) {
                    const I exact = static_cast<I>(extreme(along, T(-1)));
                    if (y != exact) REQUIRE(y == exact);
                });
            }
        }
    }
}

TEMPLATE_TEST_CASE("sum of squares, and whether all is finite", "[kernels]", float, double) {
    using T = TestType;
    for (Isa isa : available()) {
        INFO(name(isa));
        const Reduce& k = family<Reduce>(isa);
        const auto squares = [&] {
            if constexpr (sizeof(T) == 4) return k.sum_of_squares_f32;
            else return k.sum_of_squares_f64;
        }();
        const auto finite = [&] {
            if constexpr (sizeof(T) == 4) return k.all_finite_f32;
            else return k.all_finite_f64;
        }();
        for (std::int64_t n : spans::sizes()) {
            Guarded<T> x(spans::uniform<T>(n, -1, 1));
            double exact = 0;
            for (std::int64_t i = 0; i < n; ++i) exact += static_cast<double>(x[i]) * x[i];
            CHECK(squares(x.data(), n) == Approx(exact).epsilon(1e-14));
            CHECK(finite(x.data(), n));
            for (std::int64_t i = 0; i < n; ++i) {
                const T before = x[i];
                for (T bad : {std::numeric_limits<T>::infinity(), -std::numeric_limits<T>::infinity(),
                              std::numeric_limits<T>::quiet_NaN()}) {
                    x[i] = bad;
                    if (finite(x.data(), n)) FAIL("missed " << bad << " at " << i << " of " << n);
                }
                x[i] = std::numeric_limits<T>::max();
                if (!finite(x.data(), n)) FAIL("the greatest at " << i << " of " << n);
                x[i] = before;
            }
        }
        const T big[] = {T(1e30), T(1e30)};
        CHECK(squares(big, 2) == Approx(2e60));  // beyond a float
    }
}
