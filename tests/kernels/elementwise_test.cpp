#include "spans.hpp"

#include <weft/autograd/kernels/elementwise.hpp>

#include <functional>
#include <string>

using namespace weft::kernels;
using spans::Guarded;

namespace {

template <class T>
auto of(const Unary& kernel) {
    if constexpr (std::is_same_v<T, float>) return kernel.f32;
    else return kernel.f64;
}
template <class T, class K>
auto of(const K& kernel) {
    if constexpr (std::is_same_v<T, float>) return kernel.f32;
    else if constexpr (std::is_same_v<T, double>) return kernel.f64;
    else return kernel.i64;
}

using Real = long double;
const Real infinity = std::numeric_limits<Real>::infinity();

struct UnaryCase {
    std::string name;
    Unary Elementwise::*kernel;
    std::function<Real(Real)> exact;
    double low, high;    // where random arguments come from
    double ulps;         // relative error
    double absolute = 0; // or this many epsilons of absolute error
};

Real gelu(Real x) { return x == -infinity ? 0 : x * 0.5L * std::erfc(-x * std::sqrt(0.5L)); }
Real gelu_tanh(Real x) {
    if (std::isinf(x)) return x > 0 ? x : 0;
    const Real u = std::sqrt(2 / std::acos(Real(-1))) * (x + 0.044715L * x * x * x);
    return x / (1 + std::exp(-2 * u));  // = x / 2 (1 + tanh u)
}

const std::vector<UnaryCase>& unary_cases() {
    static const std::vector<UnaryCase> cases{
        {"negative", &Elementwise::negative, [](Real x) { return -x; }, -10, 10, 0},
        {"absolute", &Elementwise::absolute, [](Real x) { return std::abs(x); }, -10, 10, 0},
        {"sign", &Elementwise::sign, [](Real x) { return std::isnan(x) ? x : Real((x > 0) - (x < 0)); }, -10, 10, 0},
        {"square", &Elementwise::square, [](Real x) { return x * x; }, -10, 10, 0.6},
        {"sqrt", &Elementwise::sqrt, [](Real x) { return std::sqrt(x); }, 0, 1e6, 0.6},
        {"rsqrt", &Elementwise::rsqrt, [](Real x) { return 1 / std::sqrt(x); }, 0, 1e6, 1.6},
        {"reciprocal", &Elementwise::reciprocal, [](Real x) { return 1 / x; }, -10, 10, 0.6},
        {"exp", &Elementwise::exp, [](Real x) { return std::exp(x); }, -87, 88.7, 3},
        {"expm1", &Elementwise::expm1, [](Real x) { return std::expm1(x); }, -30, 88.7, 3},
        {"expm1", &Elementwise::expm1, [](Real x) { return std::expm1(x); }, -0.1, 0.1, 3},
        {"log", &Elementwise::log, [](Real x) { return std::log(x); }, 0, 3, 2},
        {"log", &Elementwise::log, [](Real x) { return std::log(x); }, 0, 1e30, 2},
        {"log1p", &Elementwise::log1p, [](Real x) { return std::log1p(x); }, -1, 3, 2},
        {"sin", &Elementwise::sin, [](Real x) { return std::sin(x); }, -10, 10, 2},
        {"sin", &Elementwise::sin, [](Real x) { return std::sin(x); }, -8192, 8192, 2.5},
        {"sin", &Elementwise::sin, [](Real x) { return std::sin(x); }, -9e5, 9e5, 2.5},
        {"cos", &Elementwise::cos, [](Real x) { return std::cos(x); }, -10, 10, 2},
        {"cos", &Elementwise::cos, [](Real x) { return std::cos(x); }, -8192, 8192, 2.5},
        {"cos", &Elementwise::cos, [](Real x) { return std::cos(x); }, -1e12, 1e12, 2.5},
        {"floor", &Elementwise::floor, [](Real x) { return std::floor(x); }, -1e5, 1e5, 0},
        {"round", &Elementwise::round, [](Real x) { return std::nearbyint(x); }, -1e5, 1e5, 0},
        {"tanh", &Elementwise::tanh, [](Real x) { return std::tanh(x); }, -10, 10, 2},
        {"tanh", &Elementwise::tanh, [](Real x) { return std::tanh(x); }, -0.1, 0.1, 2},
        {"tanh", &Elementwise::tanh, [](Real x) { return std::tanh(x); }, -1, 1, 2},
        {"sigmoid", &Elementwise::sigmoid, [](Real x) { return 1 / (1 + std::exp(-x)); }, -80, 80, 4},
        {"softplus", &Elementwise::softplus,
         [](Real x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }, -80, 80, 4},
        {"relu", &Elementwise::relu, [](Real x) { return x < 0 ? Real(0) : x; }, -10, 10, 0},
        {"erf", &Elementwise::erf, [](Real x) { return std::erf(x); }, -5, 5, 3},
        {"gelu", &Elementwise::gelu, gelu, -6, 6, 4, 4},
        {"gelu_tanh", &Elementwise::gelu_tanh, gelu_tanh, -6, 6, 4, 4},
    };
    return cases;
}

template <class T>
void check_unary(const UnaryCase& c, const Elementwise& kernels, const std::vector<T>& arguments, bool in_place) {
    const auto f = of<T>(kernels.*c.kernel);
    const Guarded<T> x(arguments);
    Guarded<T> y(arguments);
    f(in_place ? y.data() : x.data(), y.data(), x.size());
    REQUIRE(y.untouched());
    double worst = 0;
    T where = 0, got = 0;
    for (std::int64_t i = 0; i < x.size(); ++i) {
        const Real exact = c.exact(x[i]);
        double error = spans::ulps(y[i], exact);
        if (std::abs(y[i] - exact) <= c.absolute * std::numeric_limits<T>::epsilon()) error = 0;
        if (error > worst) worst = error, where = x[i], got = y[i];
    }
    INFO(c.name << "(" << where << ") = " << got << " on " << sizeof(T) * 8 << " bits, n = " << x.size());
    CHECK(worst <= c.ulps);
}

}  // namespace

TEMPLATE_TEST_CASE("functions of one value are exact to a few units in the last place", "[kernels]", float, double) {
    for (Isa isa : available()) {
        INFO(name(isa));
        const Elementwise& kernels = family<Elementwise>(isa);
        for (const UnaryCase& c : unary_cases()) {
            for (std::int64_t n : spans::sizes())
                for (bool in_place : {false, true})
                    check_unary(c, kernels, spans::uniform<TestType>(n, c.low, c.high), in_place);
            check_unary(c, kernels, spans::uniform<TestType>(20000, c.low, c.high), false);
            std::vector<TestType> special = spans::special<TestType>(), often;
            for (int i = 0; i < 8; ++i) often.insert(often.end(), special.begin(), special.end());
            check_unary(c, kernels, often, true);
        }
    }
}

TEST_CASE("double exp, expm1 and sigmoid keep their whole range", "[kernels]") {
    for (Isa isa : available())
        for (const UnaryCase& c : unary_cases())
            if (c.name == "exp" || c.name == "expm1" || c.name == "sigmoid")
                check_unary(c, family<Elementwise>(isa), spans::uniform<double>(20000, -707, 709.7), false);
}

TEMPLATE_TEST_CASE("signs of zero survive", "[kernels]", float, double) {
    for (Isa isa : available()) {
        const Elementwise& kernels = family<Elementwise>(isa);
        for (Unary Elementwise::*kernel : {&Elementwise::expm1, &Elementwise::log1p, &Elementwise::sin,
                                           &Elementwise::tanh, &Elementwise::erf, &Elementwise::sqrt}) {
            TestType x = TestType(-0.0);
            of<TestType>(kernels.*kernel)(&x, &x, 1);
            CHECK(x == 0);
            CHECK(std::signbit(x));
        }
    }
}

namespace {

template <class T>
using Exact = std::function<T(T, T)>;

/// Every pairing of steps, in place on either side, against f element by element.
template <class T, class R>
void check_binary(const std::string& name, const BinaryFunction<T, R>& kernel, const std::function<R(T, T)>& f,
                  const std::vector<T>& left, const std::vector<T>& right, double ulps = 0) {
    const auto same = [&](R y, T a, T b) {
        if constexpr (std::is_floating_point_v<R>) return spans::ulps(y, f(a, b)) <= ulps;
        else return y == f(a, b);
    };
    const std::int64_t n = static_cast<std::int64_t>(left.size());
    const Guarded<T> a(left), b(right);
    for (int steps = 0; steps < 4; ++steps) {
        const std::int64_t a_step = steps & 1, b_step = steps >> 1;
        Guarded<R> y(n);
        kernel.row(a.data(), a_step, b.data(), b_step, y.data(), n);
        REQUIRE(y.untouched());
        for (std::int64_t i = 0; i < n; ++i) {
            const T va = a[i * a_step], vb = b[i * b_step];
            INFO(name << "(" << va << ", " << vb << ") = " << +y[i] << ", steps " << a_step << b_step << ", n " << n);
            if (!same(y[i], va, vb)) REQUIRE(y[i] == f(va, vb));
        }
        if constexpr (std::is_same_v<T, R>) {
            if (a_step == 1) {
                Guarded<T> in_place(left);
                kernel.row(in_place.data(), 1, b.data(), b_step, in_place.data(), n);
                REQUIRE(in_place.untouched());
                for (std::int64_t i = 0; i < n; ++i) REQUIRE(same(in_place[i], a[i], b[i * b_step]));
            }
            if (b_step == 1) {
                Guarded<T> in_place(right);
                kernel.row(a.data(), a_step, in_place.data(), 1, in_place.data(), n);
                REQUIRE(in_place.untouched());
                for (std::int64_t i = 0; i < n; ++i) REQUIRE(same(in_place[i], a[i * a_step], b[i]));
            }
        }
    }
}

/// On awkward sizes of small whole numbers (so that ties happen), on random ones and on all pairs of special values.
template <class T, class R>
void check_everywhere(const std::string& name, const BinaryFunction<T, R>& kernel, const std::function<R(T, T)>& f,
                      double ulps = 0) {
    for (std::int64_t n : spans::sizes()) {
        std::vector<T> a = spans::uniform<T>(n, -4, 4, 1), b = spans::uniform<T>(n, -4, 4, 2);
        if constexpr (std::is_floating_point_v<T>) check_binary<T, R>(name, kernel, f, a, b, ulps);
        for (T& v : a) v = static_cast<T>(std::floor(v));
        for (T& v : b) v = static_cast<T>(std::floor(v));
        check_binary<T, R>(name, kernel, f, a, b, ulps);
    }
    if constexpr (std::is_floating_point_v<T>) {
        const std::vector<T> values = spans::special<T>();
        for (T v : values) {
            check_binary<T, R>(name, kernel, f, values, std::vector<T>(values.size(), v), ulps);
            check_binary<T, R>(name, kernel, f, std::vector<T>(values.size(), v), values, ulps);
        }
    }
}

template <class T>
T greater(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
        if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
    return a > b ? a : b;
}
template <class T>
T lesser(T a, T b) {
    if constexpr (std::is_floating_point_v<T>)
        if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
    return a < b ? a : b;
}

}  // namespace

TEMPLATE_TEST_CASE("arithmetic and comparison of two spans", "[kernels]", float, double, std::int64_t) {
    using T = TestType;
    for (Isa isa : available()) {
        INFO(name(isa));
        const Elementwise& k = family<Elementwise>(isa);
        check_everywhere<T, T>("add", of<T>(k.add), [](T a, T b) { return a + b; });
        check_everywhere<T, T>("subtract", of<T>(k.subtract), [](T a, T b) { return a - b; });
        check_everywhere<T, T>("multiply", of<T>(k.multiply), [](T a, T b) { return a * b; });
        check_everywhere<T, T>("minimum", of<T>(k.minimum), lesser<T>);
        check_everywhere<T, T>("maximum", of<T>(k.maximum), greater<T>);
        using B = std::uint8_t;
        check_everywhere<T, B>("equal", of<T>(k.equal), [](T a, T b) { return B(a == b); });
        check_everywhere<T, B>("not_equal", of<T>(k.not_equal), [](T a, T b) { return B(a != b); });
        check_everywhere<T, B>("less", of<T>(k.less), [](T a, T b) { return B(a < b); });
        check_everywhere<T, B>("less_equal", of<T>(k.less_equal), [](T a, T b) { return B(a <= b); });
        check_everywhere<T, B>("greater", of<T>(k.greater), [](T a, T b) { return B(a > b); });
        check_everywhere<T, B>("greater_equal", of<T>(k.greater_equal), [](T a, T b) { return B(a >= b); });
    }
}

TEMPLATE_TEST_CASE("rows of two operands, either of which may be one row for all", "[kernels]", float, double,
                   std::int64_t) {
    using T = TestType;
    const auto check = [](const auto& kernel, const auto& f, std::int64_t rows, std::int64_t n, std::int64_t a_step,
                          std::int64_t a_row, std::int64_t b_step, std::int64_t b_row) {
        const Guarded<T> a(spans::uniform<T>(std::max<std::int64_t>(rows * n, 1), -9, 9, 1)),
            b(spans::uniform<T>(std::max<std::int64_t>(rows * n, 1), -9, 9, 2));
        Guarded<std::remove_cvref_t<decltype(f(T(), T()))>> y(rows * n);
        kernel.rows({a.data(), a_step, a_row}, {b.data(), b_step, b_row}, y.data(), rows, n);
        REQUIRE(y.untouched());
        for (std::int64_t r = 0; r < rows; ++r)
            for (std::int64_t i = 0; i < n; ++i) {
                const auto expected = f(a[r * a_row + i * a_step], b[r * b_row + i * b_step]);
                if (y[r * n + i] == expected) continue;
                INFO(rows << " x " << n << " at " << r << ", " << i << "; steps " << a_step << ' ' << a_row << ' '
                          << b_step << ' ' << b_row);
                REQUIRE(y[r * n + i] == expected);
            }
    };
    const std::int64_t fits = first_level_cache() / static_cast<std::int64_t>(3 * sizeof(T));  // longer rows go by four
    for (Isa isa : available()) {
        INFO(name(isa));
        const Elementwise& k = family<Elementwise>(isa);
        for (std::int64_t n : {std::int64_t(1), std::int64_t(5), std::int64_t(512), fits, fits + 1, fits + 7})
            for (std::int64_t rows : {0, 1, 3, 4, 9})
                for (std::int64_t a_row : {std::int64_t(0), n})
                    for (std::int64_t b_row : {std::int64_t(0), n})
                        for (std::int64_t b_step : {0, 1}) {
                            check(of<T>(k.subtract), [](T a, T b) { return a - b; }, rows, n, 1, a_row, b_step, b_row);
                            check(of<T>(k.subtract), [](T a, T b) { return a - b; }, rows, n, b_step, a_row, 1, b_row);
                            check(of<T>(k.less), [](T a, T b) { return std::uint8_t(a < b); }, rows, n, 1, a_row,
                                  b_step, b_row);
                        }
    }
}

TEMPLATE_TEST_CASE("division, powers and derivatives of two spans", "[kernels]", float, double) {
    using T = TestType;
    for (Isa isa : available()) {
        INFO(name(isa));
        const Elementwise& k = family<Elementwise>(isa);
        check_everywhere<T, T>("divide", of<T>(k.divide), [](T a, T b) { return a / b; });
        check_everywhere<T, T>("power", of<T>(k.power), [](T a, T b) { return std::pow(a, b); }, 2);
        check_everywhere<T, T>("relu_gradient", of<T>(k.relu_gradient), [](T a, T b) { return b > 0 ? a : T(0); });
        // The formulas cancel where |b| is near 1 and lose all where b is huge: compare the finite range only.
        for (std::int64_t n : spans::sizes()) {
            const auto a = spans::uniform<T>(n, -4, 4, 1), b = spans::uniform<T>(n, -0.7, 0.7, 2);
            check_binary<T, T>("tanh_gradient", of<T>(k.tanh_gradient),
                               [](T x, T y) { return T(x * (1 - static_cast<long double>(y) * y)); }, a, b, 3);
            check_binary<T, T>("sigmoid_gradient", of<T>(k.sigmoid_gradient),
                               [](T x, T y) { return T(x * (y * (1 - static_cast<long double>(y)))); }, a, b, 3);
        }
    }
}

TEST_CASE("a power that all share has its short cuts at the edges too", "[kernels]") {
    for (Isa isa : available())
        for (double exponent : {2., 3., 1., -1., 0.5, 0., -0.5, -2., 1.5}) {
            const std::vector<double> x = spans::special<double>();
            std::vector<double> y(x.size());
            const auto n = static_cast<std::int64_t>(x.size());
            family<Elementwise>(isa).power.f64.row(x.data(), 1, &exponent, 0, y.data(), n);
            for (std::size_t i = 0; i < x.size(); ++i) {
                INFO(name(isa) << " " << x[i] << "^" << exponent << " = " << y[i]);
                CHECK(spans::ulps(y[i], std::pow(x[i], exponent)) <= 2);
                if (y[i] == y[i]) CHECK(std::signbit(y[i]) == std::signbit(std::pow(x[i], exponent)));
            }
        }
}

TEMPLATE_TEST_CASE("where, clip and axpy", "[kernels]", float, double) {
    using T = TestType;
    const T nan = std::numeric_limits<T>::quiet_NaN();
    for (Isa isa : available()) {
        INFO(name(isa));
        const Elementwise& k = family<Elementwise>(isa);
        const auto where = [&] { if constexpr (sizeof(T) == 4) return k.where_f32; else return k.where_f64; }();
        const auto clip = [&] { if constexpr (sizeof(T) == 4) return k.clip_f32; else return k.clip_f64; }();
        const auto axpy = [&] { if constexpr (sizeof(T) == 4) return k.axpy_f32; else return k.axpy_f64; }();
        for (std::int64_t n : spans::sizes()) {
            const Guarded<T> a(spans::uniform<T>(n, -1, 1, 1)), b(spans::uniform<T>(n, -1, 1, 2));
            Guarded<std::uint8_t> condition(n);
            for (std::int64_t i = 0; i < n; ++i) condition[i] = static_cast<std::uint8_t>((i * 7 % 3) * 100);
            for (int steps = 0; steps < 8; ++steps) {
                const std::int64_t cs = steps & 1, as = steps >> 1 & 1, bs = steps >> 2;
                Guarded<T> y(n);
                where(condition.data(), cs, a.data(), as, b.data(), bs, y.data(), n);
                REQUIRE(y.untouched());
                for (std::int64_t i = 0; i < n; ++i)
                    REQUIRE(y[i] == (condition[i * cs] ? a[i * as] : b[i * bs]));
            }
            Guarded<T> y(a.values());
            where(condition.data(), 1, y.data(), 1, b.data(), 1, y.data(), n);
            for (std::int64_t i = 0; i < n; ++i) REQUIRE(y[i] == (condition[i] ? a[i] : b[i]));

            Guarded<T> clipped(a.values());
            if (n) clipped[n / 2] = nan;
            clip(clipped.data(), T(-0.25), T(0.5), clipped.data(), n);
            REQUIRE(clipped.untouched());
            for (std::int64_t i = 0; i < n; ++i)
                if (i == n / 2) REQUIRE(std::isnan(clipped[i]));
                else REQUIRE(clipped[i] == std::min(std::max(a[i], T(-0.25)), T(0.5)));

            Guarded<T> sum(b.values());
            axpy(T(0.3), a.data(), sum.data(), n);
            REQUIRE(sum.untouched());
            for (std::int64_t i = 0; i < n; ++i)
                REQUIRE(std::abs(sum[i] - (b[i] + T(0.3) * a[i])) <= std::numeric_limits<T>::epsilon());
        }
    }
}
