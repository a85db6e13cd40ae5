#include "spans.hpp"

#include <weft/autograd/kernels/softmax.hpp>

using namespace weft::kernels;
using spans::Guarded;

namespace {

template <class T>
const SoftmaxRows<T>& rows_of(Isa isa) {
    if constexpr (std::is_same_v<T, float>) return family<Softmax>(isa).f32;
    else return family<Softmax>(isa).f64;
}

/// log_softmax of one row in long double.
template <class T>
std::vector<long double> exact_log_softmax(const T* x, std::int64_t columns) {
    const long double most = *std::max_element(x, x + columns);
    long double sum = 0;
    for (std::int64_t c = 0; c < columns; ++c) sum += std::exp(x[c] - most);
    std::vector<long double> y;
    for (std::int64_t c = 0; c < columns; ++c) y.push_back(x[c] - most - std::log(sum));
    return y;
}

/// Equal to e: relative above 1, absolute below.
template <class T>
bool close(T y, long double exact) {
    const long double e = std::is_same_v<T, float> ? 2e-6L : 4e-15L;
    return std::abs(y - exact) <= e * std::max<long double>(1, std::abs(exact));
}

/// Calls check(row, columns) for awkward numbers of rows and columns, around both ways of taking rows.
template <class Check>
void shapes(Check&& check) {
    for (std::int64_t columns : spans::sizes())
        for (std::int64_t rows : {0, 1, 2, 3, 5, 8, 17, 33})
            if (columns > 0) check(rows, columns);
    for (std::int64_t columns : {20, 21, 32, 34, 64, 100}) check(18, columns);
    check(2, 20000);
}

}  // namespace

TEMPLATE_TEST_CASE("softmax and log-softmax of rows", "[kernels]", float, double) {
    using T = TestType;
    for (Isa isa : available()) {
        INFO(name(isa));
        const SoftmaxRows<T>& k = rows_of<T>(isa);
        shapes([&](std::int64_t rows, std::int64_t columns) {
            INFO("[" << rows << ", " << columns << "]");
            const Guarded<T> x(spans::uniform<T>(rows * columns, -20, 20));
            Guarded<T> y(rows * columns), log_y(rows * columns), in_place(x.values());
            k.softmax(x.data(), y.data(), rows, columns);
            k.log_softmax(x.data(), log_y.data(), rows, columns);
            k.softmax(in_place.data(), in_place.data(), rows, columns);
            REQUIRE(y.untouched());
            REQUIRE(log_y.untouched());
            REQUIRE(in_place.untouched());
            REQUIRE((in_place.values() == y.values()));
            for (std::int64_t r = 0; r < rows; ++r) {
                const auto exact = exact_log_softmax(x.data() + r * columns, columns);
                for (std::int64_t c = 0; c < columns; ++c) {
                    const std::int64_t i = r * columns + c;
                    const long double e = exact[static_cast<std::size_t>(c)];
                    if (!close(log_y[i], e)) REQUIRE(log_y[i] == e);
                    if (!close(y[i], std::exp(e))) REQUIRE(y[i] == std::exp(e));
                }
            }
        });
    }
}

TEMPLATE_TEST_CASE("softmax of large, infinite and undefined logits", "[kernels]", float, double) {
    using T = TestType;
    const T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    for (Isa isa : available())
        for (std::int64_t columns : {3, 40}) {
            INFO(name(isa) << ", columns " << columns);
            const SoftmaxRows<T>& k = rows_of<T>(isa);
            std::vector<T> x(static_cast<std::size_t>(3 * columns), -inf), y(x.size());
            x[0] = x[1] = T(1e30);  // row 0: 1/2, 1/2, 0, ...
            std::fill_n(x.begin() + columns, columns, T(1));
            x[static_cast<std::size_t>(columns + 2)] = nan;  // row 1: all NaN
            std::fill_n(x.begin() + 2 * columns, columns, T(-1000));
            k.softmax(x.data(), y.data(), 3, columns);
            CHECK(y[0] == T(0.5));
            CHECK(y[1] == T(0.5));
            for (std::int64_t c = 0; c < columns; ++c) {
                if (c > 1) CHECK(y[static_cast<std::size_t>(c)] == 0);
                CHECK(std::isnan(y[static_cast<std::size_t>(columns + c)]));
                CHECK(y[static_cast<std::size_t>(2 * columns + c)] == Approx(1. / static_cast<double>(columns)));
            }
            const T target[] = {1, 0, 0};
            const std::int64_t label = 1;
            T loss = 7;
            const T logits[] = {0, 0, -inf};
            k.cross_entropy(logits, target, &loss, nullptr, 1, 3);
            CHECK(loss == Approx(std::log(2.)));
            k.sparse_cross_entropy(logits, &label, &loss, nullptr, 1, 3);
            CHECK(loss == Approx(std::log(2.)));
        }
}

TEMPLATE_TEST_CASE("gradients of softmax and log-softmax", "[kernels]", float, double) {
    using T = TestType;
    for (Isa isa : available()) {
        INFO(name(isa));
        const SoftmaxRows<T>& k = rows_of<T>(isa);
        shapes([&](std::int64_t rows, std::int64_t columns) {
            INFO("[" << rows << ", " << columns << "]");
            Guarded<T> y(spans::uniform<T>(rows * columns, 0, 2. / static_cast<double>(columns)));
            const Guarded<T> dy(spans::uniform<T>(rows * columns, -1, 1, 2));
            Guarded<T> dx(rows * columns), log_dx(rows * columns);
            k.softmax_gradient(y.data(), dy.data(), dx.data(), rows, columns);
            REQUIRE(dx.untouched());
            for (std::int64_t r = 0; r < rows; ++r) {
                long double sum = 0;
                for (std::int64_t c = 0; c < columns; ++c)
                    sum += static_cast<long double>(y[r * columns + c]) * dy[r * columns + c];
                for (std::int64_t i = r * columns; i < (r + 1) * columns; ++i)
                    if (!close(dx[i], y[i] * (dy[i] - sum))) REQUIRE(dx[i] == y[i] * (dy[i] - sum));
            }
            for (std::int64_t i = 0; i < rows * columns; ++i) y[i] = std::log(y[i]);
            k.log_softmax_gradient(y.data(), dy.data(), log_dx.data(), rows, columns);
            REQUIRE(log_dx.untouched());
            for (std::int64_t r = 0; r < rows; ++r) {
                long double sum = 0;
                for (std::int64_t c = 0; c < columns; ++c) sum += dy[r * columns + c];
                for (std::int64_t i = r * columns; i < (r + 1) * columns; ++i) {
                    const long double exact = dy[i] - std::exp(static_cast<long double>(y[i])) * sum;
                    if (!close(log_dx[i], exact)) REQUIRE(log_dx[i] == exact);
                }
            }
        });
    }
}

TEMPLATE_TEST_CASE("cross-entropies of rows", "[kernels]", float, double) {
    using T = TestType;
    for (Isa isa : available()) {
        INFO(name(isa));
        const SoftmaxRows<T>& k = rows_of<T>(isa);
        shapes([&](std::int64_t rows, std::int64_t columns) {
            INFO("[" << rows << ", " << columns << "]");
            const Guarded<T> x(spans::uniform<T>(rows * columns, -20, 20)),
                target(spans::uniform<T>(rows * columns, 0, 2. / static_cast<double>(columns), 2));
            std::vector<std::int64_t> label;
            for (std::int64_t r = 0; r < rows; ++r) label.push_back(r * 7 % columns);
            Guarded<T> softmax(rows * columns), probabilities(rows * columns), loss(rows), loss_alone(rows),
                sparse(rows), sparse_alone(rows), sparse_probabilities(rows * columns);
            k.softmax(x.data(), softmax.data(), rows, columns);
            k.cross_entropy(x.data(), target.data(), loss.data(), probabilities.data(), rows, columns);
            k.cross_entropy(x.data(), target.data(), loss_alone.data(), nullptr, rows, columns);
            k.sparse_cross_entropy(x.data(), label.data(), sparse.data(), sparse_probabilities.data(), rows, columns);
            k.sparse_cross_entropy(x.data(), label.data(), sparse_alone.data(), nullptr, rows, columns);
            for (const auto* written :
                 {&probabilities, &loss, &loss_alone, &sparse, &sparse_alone, &sparse_probabilities})
                REQUIRE(written->untouched());
            CHECK((probabilities.values() == softmax.values()));
            CHECK((sparse_probabilities.values() == softmax.values()));
            for (std::int64_t r = 0; r < rows; ++r) {
                const auto exact = exact_log_softmax(x.data() + r * columns, columns);
                long double sum = 0;
                for (std::int64_t c = 0; c < columns; ++c)
                    sum -= exact[static_cast<std::size_t>(c)] * target[r * columns + c];
                const long double picked = -exact[static_cast<std::size_t>(label[static_cast<std::size_t>(r)])];
                if (!close(loss[r], sum)) REQUIRE(loss[r] == sum);
                if (!close(loss_alone[r], sum)) REQUIRE(loss_alone[r] == sum);
                if (!close(sparse[r], picked)) REQUIRE(sparse[r] == picked);
                if (!close(sparse_alone[r], picked)) REQUIRE(sparse_alone[r] == picked);
            }
        });
    }
}
