// Matrix multiply against a plain loop in double, on every instruction set that the processor has.
#include "catch.hpp"

#include <weft/autograd/kernels/gemm.hpp>
#include <weft/autograd/kernels/threads.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

using namespace weft::kernels;

namespace {

struct Case {
    std::int64_t m, n, k;
    bool transpose_a = false, transpose_b = false;
    std::int64_t extra = 0;  // what leading dimensions have beyond the row
    bool accumulate = false, bias = false;
    Epilogue epilogue = Epilogue::none;
};

std::string describe(const Case& c) {
    return std::to_string(c.m) + " x " + std::to_string(c.n) + " x " + std::to_string(c.k) +
           (c.transpose_a ? " T" : " N") + (c.transpose_b ? "T" : "N") + " extra " + std::to_string(c.extra) +
           (c.accumulate ? " accumulate" : "") + (c.bias ? " bias" : "") +
           (c.epilogue == Epilogue::relu ? " relu" : "");
}

/// A matrix that is written lies in the middle of its buffer: nothing outside the rows may be touched. One that is only
/// read ends with its buffer, where the address sanitizer watches.
template <class T>
struct Matrix {
    std::int64_t rows, columns, stride, guard;
    std::vector<T> buffer;

    Matrix(std::int64_t rows_, std::int64_t columns_, std::int64_t extra, T fill, std::int64_t guard_ = 0)
        : rows(rows_), columns(columns_), stride(columns_ + extra), guard(guard_),
          buffer(static_cast<std::size_t>(2 * guard + rows_ * stride), fill) {}

    T* data() { return buffer.data() + guard; }
    T& at(std::int64_t i, std::int64_t j) { return data()[i * stride + j]; }

    void randomise(std::mt19937& random) {
        std::uniform_real_distribution<double> uniform(-1, 1);
        for (std::int64_t i = 0; i < rows; ++i)
            for (std::int64_t j = 0; j < columns; ++j) at(i, j) = static_cast<T>(uniform(random));
    }

    bool guards_hold(T fill) {
        for (std::int64_t i = 0; i < std::int64_t(buffer.size()); ++i) {
            const std::int64_t at = i - guard;
            const bool inside = at >= 0 && at < rows * stride && at % std::max<std::int64_t>(stride, 1) < columns;
            if (!inside && !(buffer[static_cast<std::size_t>(i)] == fill)) return false;
        }
        return true;
    }
};

template <class T>
constexpr double tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-12;

void call(Isa isa, const GemmArguments<float>& g) { family<Gemm>(isa).f32(g); }
void call(Isa isa, const GemmArguments<double>& g) { family<Gemm>(isa).f64(g); }

/// Runs the case on every instruction set and compares with the plain loop.
template <class T>
void check(const Case& c) {
    // Beyond the rows of a and b lies NaN: reading it into a result shows.
    const T nan = std::numeric_limits<T>::quiet_NaN(), sentinel = T(12345);
    std::mt19937 random(42);
    Matrix<T> a(c.transpose_a ? c.k : c.m, c.transpose_a ? c.m : c.k, c.extra, nan);
    Matrix<T> b(c.transpose_b ? c.n : c.k, c.transpose_b ? c.k : c.n, c.extra, nan);
    Matrix<T> before(c.m, c.n, c.extra, sentinel, 64), bias(1, c.n, 0, nan);
    a.randomise(random);
    b.randomise(random);
    bias.randomise(random);
    if (c.accumulate)
        before.randomise(random);
    else  // must be overwritten, not added to
        for (std::int64_t i = 0; i < c.m; ++i) std::fill_n(before.data() + i * before.stride, c.n, nan);

    std::vector<double> expected(static_cast<std::size_t>(c.m * c.n));
    double largest = 1;
    for (std::int64_t i = 0; i < c.m; ++i) {
        double* row = expected.data() + i * c.n;
        for (std::int64_t j = 0; j < c.n; ++j)
            row[j] = (c.accumulate ? double(before.at(i, j)) : 0) + (c.bias ? double(bias.at(0, j)) : 0);
        for (std::int64_t p = 0; p < c.k; ++p) {
            const double x = c.transpose_a ? a.at(p, i) : a.at(i, p);
            for (std::int64_t j = 0; j < c.n; ++j) row[j] += x * double(c.transpose_b ? b.at(j, p) : b.at(p, j));
        }
        for (std::int64_t j = 0; j < c.n; ++j) {
            if (c.epilogue == Epilogue::relu) row[j] = std::max(row[j], 0.0);
            largest = std::max(largest, std::abs(row[j]));
        }
    }

    for (Isa isa : available()) {
        Matrix<T> result = before;
        GemmArguments<T> g;
        g.transpose_a = c.transpose_a;
        g.transpose_b = c.transpose_b;
        g.m = c.m, g.n = c.n, g.k = c.k;
        g.a = a.data(), g.lda = a.stride;
        g.b = b.data(), g.ldb = b.stride;
        g.c = result.data(), g.ldc = result.stride;
        g.accumulate = c.accumulate;
        g.bias = c.bias ? bias.data() : nullptr;
        g.epilogue = c.epilogue;
        call(isa, g);

        double difference = 0;
        for (std::int64_t i = 0; i < c.m; ++i)
            for (std::int64_t j = 0; j < c.n; ++j) {
                const double off = std::abs(expected[static_cast<std::size_t>(i * c.n + j)] - double(result.at(i, j)));
                if (!(off <= difference)) difference = std::isnan(off) ? HUGE_VAL : off;
            }
        INFO(name(isa) << ": " << describe(c) << (sizeof(T) == 4 ? " float32" : " float64"));
        CHECK(difference <= tolerance<T> * largest);
        CHECK(result.guards_hold(sentinel));
    }
}

void check_transposes(Case c) {
    for (int t = 0; t < 4; ++t) {
        c.transpose_a = t & 1;
        c.transpose_b = t & 2;
        check<float>(c);
        check<double>(c);
    }
}

struct Threads {
    int before = num_threads();
    explicit Threads(int count) { set_num_threads(count); }
    ~Threads() { set_num_threads(before); }
};

}  // namespace

TEST_CASE("gemm: sizes around a vector and a tile", "[kernels][gemm]") {
    const Threads threads(1);
    for (std::int64_t m : {1, 2, 7, 14, 15, 29})
        for (std::int64_t n : {1, 3, 4, 5, 15, 16, 17, 31, 33, 48, 67})
            for (std::int64_t k : {0, 1, 3, 4, 5, 17, 34}) check_transposes({m, n, k});
}

TEST_CASE("gemm: nothing to do", "[kernels][gemm]") {
    check_transposes({0, 5, 3});
    check_transposes({5, 0, 3});
    check_transposes({0, 0, 0});
    check_transposes({3, 5, 0, false, false, 2, true, true, Epilogue::relu});
    check_transposes({3, 5, 0, false, false, 2, false, true});
}

TEST_CASE("gemm: every number of rows and columns", "[kernels][gemm]") {
    const Threads threads(1);
    for (std::int64_t i = 1; i <= 100; ++i) {
        check_transposes({i, 19, 11, false, false, 1});
        check_transposes({9, i, 11, false, false, 1});
        check_transposes({61, i, 5, false, false, 1});
    }
}

TEST_CASE("gemm: blocks along every axis, tall, wide and deep", "[kernels][gemm]") {
    const auto threads = GENERATE(1, 2, 3);
    const Threads setting(threads);
    CAPTURE(threads);
    for (auto [m, n, k] : std::vector<std::tuple<int, int, int>>{{211, 113, 307},
                                                                 {64, 64, 64},
                                                                 {1009, 10, 64},
                                                                 {7, 1013, 127},
                                                                 {32, 65, 1601},
                                                                 {3, 2, 4001},
                                                                 {131, 523, 401},
                                                                 {129, 64, 1024},
                                                                 {112, 96, 512},
                                                                 {1, 300, 700},
                                                                 {700, 1, 300}})
        check_transposes({m, n, k, false, false, 0});
}

TEST_CASE("gemm: a transposed a of more than the cache, in place and packed", "[kernels][gemm]") {
    const auto threads = GENERATE(1, 2);
    const Threads setting(threads);
    CAPTURE(threads);
    check_transposes({20, 67, 403, false, false, 700});
    check_transposes({20, 67, 2001, false, false, 200, true});
    // rows that are whole pages apart
    check_transposes({24, 260, 390, false, false, 1000});
    check_transposes({131, 280, 300, false, false, 1024 - 131, false, true, Epilogue::relu});
    check_transposes({260, 260, 260, false, false, 1024 - 260});
    // more rows than are packed at once, more columns than are
    if (threads == 1) check<float>({4100, 340, 384, true, false, 4608 - 4100});
}

TEST_CASE("gemm: rows longer than the matrix, accumulation, bias, relu", "[kernels][gemm]") {
    const auto threads = GENERATE(1, 2);
    const Threads setting(threads);
    CAPTURE(threads);
    for (std::int64_t extra : {0, 13})
        for (bool accumulate : {false, true})
            for (bool bias : {false, true})
                for (Epilogue epilogue : {Epilogue::none, Epilogue::relu})
                    for (auto [m, n, k] : std::vector<std::tuple<int, int, int>>{
                             {5, 7, 3}, {32, 64, 40}, {53, 41, 37}, {17, 75, 1030}, {64, 256, 1600}, {1, 210, 700},
                             {210, 1, 700}})
                        check_transposes({m, n, k, false, false, extra, accumulate, bias, epilogue});
}

TEST_CASE("gemm: a NaN or an infinity reaches its row or column and no other", "[kernels][gemm]") {
    const auto relu = GENERATE(false, true);
    // Tiles; one row, or a few, shared out along k between threads; one row whose last columns fill no vector.
    const auto [m, k] = GENERATE(table<std::int64_t, std::int64_t>({{37, 29}, {1, 4000}, {12, 4000}, {1, 29}}));
    const std::int64_t n = 43, bad_row = m > 1 ? 5 : 0;
    const Threads threads(2);
    for (Isa isa : available())
        for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            std::vector<float> a(static_cast<std::size_t>(m * k), 0.5f), b(static_cast<std::size_t>(k * n), 0.25f),
                c(static_cast<std::size_t>(m * n));
            a[static_cast<std::size_t>(bad_row * k + 7)] = bad;
            GemmArguments<float> g;
            g.m = m, g.n = n, g.k = k;
            g.a = a.data(), g.lda = k, g.b = b.data(), g.ldb = n, g.c = c.data(), g.ldc = n;
            if (relu) g.epilogue = Epilogue::relu;
            family<Gemm>(isa).f32(g);
            std::int64_t wrong = 0;
            for (std::int64_t i = 0; i < m; ++i)
                for (std::int64_t j = 0; j < n; ++j)
                    wrong += std::isfinite(c[static_cast<std::size_t>(i * n + j)]) == (i == bad_row);
            INFO(name(isa));
            CHECK(wrong == 0);
            CHECK(std::isnan(c[static_cast<std::size_t>(bad_row * n)]) == std::isnan(bad));
        }
}

TEST_CASE("gemm: the same team gives the same bits", "[kernels][gemm]") {
    const Threads threads(2);
    std::mt19937 random(1);
    Matrix<float> a(150, 200, 0, 0), b(200, 170, 0, 0), first(150, 170, 0, 0), second = first;
    a.randomise(random);
    b.randomise(random);
    for (Isa isa : available()) {
        for (Matrix<float>* c : {&first, &second}) {
            GemmArguments<float> g;
            g.m = 150, g.n = 170, g.k = 200;
            g.a = a.data(), g.lda = 200, g.b = b.data(), g.ldb = 170, g.c = c->data(), g.ldc = 170;
            call(isa, g);
        }
        CHECK(first.buffer == second.buffer);
    }
}
