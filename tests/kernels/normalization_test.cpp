#include "spans.hpp"

#include <weft/autograd/kernels/normalization.hpp>

using namespace weft::kernels;
using spans::Guarded;

namespace {

template <class T>
const NormalizationFunctions<T>& functions_of(Isa isa) {
    if constexpr (std::is_same_v<T, float>) return family<Normalization>(isa).f32;
    else return family<Normalization>(isa).f64;
}

template <class T>
bool close(T y, long double exact, long double scale = 1) {
    const long double e = std::is_same_v<T, float> ? 5e-6L : 1e-13L;
    return std::abs(y - exact) <= e * std::max<long double>(scale, std::abs(exact));
}

/// Calls check(rows, columns) for narrow, odd and wide matrices, some higher than one block of sums.
template <class Check>
void shapes(Check&& check) {
    for (std::int64_t columns : spans::sizes())
        for (std::int64_t rows : {1, 2, 5, 67})
            if (columns > 0) check(rows, columns);
    for (std::int64_t columns : {1, 3, 16, 24}) check(700, columns);
    check(130, 64);
    check(3, 2500);
}

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

TEMPLATE_TEST_CASE("normalization: moments of columns, also far from zero", "[kernels]", float, double) {
    using T = TestType;
    for (Isa isa : available())
        shapes([&](std::int64_t rows, std::int64_t columns) {
            for (double middle : {0., 3000.}) {
                INFO(name(isa) << " [" << rows << ", " << columns << "] about " << middle);
                Guarded<T> x(spans::uniform<T>(rows * columns, middle - 1, middle + 1));
                x[0] = static_cast<T>(middle + 100);  // an outlier where one would look for a mean
                Guarded<double> mean(columns), squares(columns);
                functions_of<T>(isa).moments(x.data(), mean.data(), squares.data(), rows, columns);
                REQUIRE(mean.untouched());
                REQUIRE(squares.untouched());
                for (std::int64_t c = 0; c < columns; ++c) {
                    long double sum = 0, exact = 0;
                    for (std::int64_t r = 0; r < rows; ++r) sum += x[r * columns + c];
                    sum /= static_cast<long double>(rows);
                    for (std::int64_t r = 0; r < rows; ++r)
                        exact += (x[r * columns + c] - sum) * (x[r * columns + c] - sum);
                    if (!(std::abs(mean[c] - sum) <= (std::is_same_v<T, float> ? 2e-6L : 1e-11L)))
                        REQUIRE(mean[c] == sum);
                    if (!(std::abs(squares[c] - exact) <=
                          (std::is_same_v<T, float> ? 5e-6L : 1e-9L) * std::max(exact, 1e-3L)))
                        REQUIRE(squares[c] == exact);
                }
            }
        });
}

TEMPLATE_TEST_CASE("normalization: products and elementwise passes over columns", "[kernels]", float, double) {
    using T = TestType;
    for (Isa isa : available())
        shapes([&](std::int64_t rows, std::int64_t columns) {
            INFO(name(isa) << " [" << rows << ", " << columns << "]");
            const auto& k = functions_of<T>(isa);
            const Guarded<T> x(spans::uniform<T>(rows * columns, -2, 2, 1)),
                dy(spans::uniform<T>(rows * columns, -1, 1, 2)), center(spans::uniform<T>(columns, -1, 1, 3)),
                factor(spans::uniform<T>(columns, -1, 1, 4)), slope(spans::uniform<T>(columns, -1, 1, 5)),
                shift(spans::uniform<T>(columns, -1, 1, 6));
            Guarded<double> sums(columns), products(columns);
            Guarded<T> y(rows * columns), dx(rows * columns);
            k.products(x.data(), dy.data(), center.data(), sums.data(), products.data(), rows, columns);
            k.affine(x.data(), center.data(), factor.data(), shift.data(), y.data(), rows, columns);
            k.affine_gradient(x.data(), dy.data(), center.data(), factor.data(), slope.data(), shift.data(), dx.data(),
                              rows, columns);
            REQUIRE(sums.untouched());
            REQUIRE(products.untouched());
            REQUIRE(y.untouched());
            REQUIRE(dx.untouched());
            for (std::int64_t c = 0; c < columns; ++c) {
                long double sum = 0, product = 0;
                for (std::int64_t r = 0; r < rows; ++r) {
                    const std::int64_t i = r * columns + c;
                    const long double away = static_cast<long double>(x[i]) - center[c];
                    sum += dy[i];
                    product += dy[i] * away;
                    if (!close(y[i], away * factor[c] + shift[c])) REQUIRE(y[i] == away * factor[c] + shift[c]);
                    if (!close(dx[i], dy[i] * static_cast<long double>(factor[c]) + away * slope[c] + shift[c]))
                        REQUIRE(dx[i] == 0);
                }
                const long double scale = std::sqrt(static_cast<long double>(rows));
                if (!close(static_cast<T>(sums[c]), sum, scale)) REQUIRE(sums[c] == sum);
                if (!close(static_cast<T>(products[c]), product, scale)) REQUIRE(products[c] == product);
            }
        });
}

TEMPLATE_TEST_CASE("normalization: rows, and their gradient", "[kernels]", float, double) {
    using T = TestType;
    constexpr double epsilon = 0.01;
    for (Isa isa : available())
        shapes([&](std::int64_t columns, std::int64_t rows) {
            if (rows > 100) return;
            for (double middle : {0., 500.}) {
                INFO(name(isa) << " [" << rows << ", " << columns << "] about " << middle);
                const auto& k = functions_of<T>(isa);
                const Guarded<T> x(spans::uniform<T>(rows * columns, middle - 2, middle + 2, 1)),
                    dy(spans::uniform<T>(rows * columns, -1, 1, 2)), gamma(spans::uniform<T>(columns, -1, 1, 3)),
                    beta(spans::uniform<T>(columns, -1, 1, 4));
                Guarded<T> y(rows * columns), bare(rows * columns), dx(rows * columns);
                Guarded<double> mean(rows), scale(rows), dgamma(columns), dbeta(columns);
                k.rows(x.data(), nullptr, nullptr, bare.data(), mean.data(), scale.data(), rows, columns, epsilon);
                k.rows(x.data(), gamma.data(), beta.data(), y.data(), mean.data(), scale.data(), rows, columns,
                       epsilon);
                k.rows_gradient(x.data(), dy.data(), gamma.data(), mean.data(), scale.data(), dx.data(), dgamma.data(),
                                dbeta.data(), rows, columns);
                for (const auto* written : {&y, &bare, &dx}) REQUIRE(written->untouched());
                for (const auto* written : {&mean, &scale, &dgamma, &dbeta}) REQUIRE(written->untouched());
                const T tolerance = static_cast<T>((std::is_same_v<T, float> ? 1e-5 : 1e-12) * (middle > 0 ? 2 : 1));
                std::vector<long double> exact_dgamma(at(columns)), exact_dbeta(at(columns));
                for (std::int64_t r = 0; r < rows; ++r) {
                    const auto n = static_cast<long double>(columns);
                    long double sum = 0, variance = 0, gradient = 0, product = 0;
                    for (std::int64_t c = 0; c < columns; ++c) sum += x[r * columns + c] / n;
                    for (std::int64_t c = 0; c < columns; ++c)
                        variance += (x[r * columns + c] - sum) * (x[r * columns + c] - sum) / n;
                    const long double by = 1 / std::sqrt(variance + epsilon);
                    const auto normal = [&](std::int64_t c) { return (x[r * columns + c] - sum) * by; };
                    for (std::int64_t c = 0; c < columns; ++c) {
                        gradient += dy[r * columns + c] * gamma[c] / n;
                        product += dy[r * columns + c] * gamma[c] * normal(c) / n;
                        exact_dgamma[at(c)] += dy[r * columns + c] * normal(c);
                        exact_dbeta[at(c)] += dy[r * columns + c];
                    }
                    for (std::int64_t c = 0; c < columns; ++c) {
                        const std::int64_t i = r * columns + c;
                        CHECK_FALSE(!(std::abs(bare[i] - normal(c)) <= tolerance * 2));
                        CHECK_FALSE(!(std::abs(y[i] - (normal(c) * gamma[c] + beta[c])) <= tolerance * 2));
                        CHECK_FALSE(!(std::abs(dx[i] - by * (dy[i] * gamma[c] - gradient - normal(c) * product)) <=
                                      tolerance * 10 * std::max<long double>(1, by)));
                    }
                }
                for (std::int64_t c = 0; c < columns; ++c) {
                    const long double e = (std::is_same_v<T, float> ? 1e-6L : 1e-12L) * static_cast<long double>(rows);
                    CHECK_FALSE(!(std::abs(dgamma[c] - exact_dgamma[at(c)]) <= e));
                    CHECK_FALSE(!(std::abs(dbeta[c] - exact_dbeta[at(c)]) <= e));
                }
            }
        });
}
