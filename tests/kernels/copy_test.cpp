#include "spans.hpp"

#include <weft/autograd/kernels/copy.hpp>
#include <weft/autograd/kernels/threads.hpp>

#include <numeric>

using namespace weft::kernels;
using spans::Guarded;

namespace {

using Strides = std::vector<std::int64_t>;

/// Row-major strides.
Strides contiguous(const Strides& shape) {
    Strides strides(shape.size());
    std::int64_t step = 1;
    for (std::size_t a = shape.size(); a-- > 0; step *= shape[a]) strides[a] = step;
    return strides;
}

/// Copies and compares with one element after another; `origin` is where in the source element [0, 0, ...] lies.
template <class T>
void check(const Strides& shape, const Strides& from, const Strides& to, std::int64_t origin = 0) {
    std::int64_t count = 1, source_size = origin + 1, destination_size = 1;
    for (std::size_t a = 0; a < shape.size(); ++a) {
        count *= shape[a];
        source_size += std::max<std::int64_t>(0, (shape[a] - 1) * from[a]);
        destination_size += (shape[a] - 1) * to[a];
    }
    if (count == 0) destination_size = 0;
    std::vector<T> source(static_cast<std::size_t>(source_size));
    for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<T>(i * 7 + 1);
    std::vector<T> expected(static_cast<std::size_t>(destination_size), T(99));
    for (std::int64_t i = 0; i < count; ++i) {
        std::int64_t rest = i, s = origin, d = 0;
        for (std::size_t a = shape.size(); a-- > 0; rest /= shape[a])
            s += rest % shape[a] * from[a], d += rest % shape[a] * to[a];
        expected[static_cast<std::size_t>(d)] = source[static_cast<std::size_t>(s)];
    }
    Guarded<T> y(destination_size, T(99));
    strided_copy(sizeof(T), static_cast<int>(shape.size()), shape.data(), source.data() + origin, from.data(), y.data(),
                 to.data());
    CHECK(y.untouched());
    CHECK((y.values() == expected));
}

}  // namespace

TEMPLATE_TEST_CASE("strided copies agree with element by element", "[kernels]", std::uint8_t, float, std::int64_t) {
    using T = TestType;
    SECTION("scalars, empty and plain arrays") {
        check<T>({}, {}, {});
        check<T>({1, 1}, {5, 3}, {2, 9});
        check<T>({0, 4}, {4, 1}, {4, 1});
        check<T>({5}, {1}, {1});
        check<T>({3, 4, 5}, {20, 5, 1}, {20, 5, 1});
        check<T>({300, 400}, {400, 1}, {400, 1});
    }
    SECTION("every permutation of four axes") {
        const Strides shape{3, 17, 2, 21}, strides = contiguous(shape);
        std::vector<std::size_t> order{0, 1, 2, 3};
        do {
            Strides permuted, from;
            for (std::size_t a : order) permuted.push_back(shape[a]), from.push_back(strides[a]);
            check<T>(permuted, from, contiguous(permuted));
            check<T>(permuted, contiguous(permuted), from);  // and into it
        } while (std::next_permutation(order.begin(), order.end()));
    }
    SECTION("transposes of all sizes") {
        for (std::int64_t rows : {1, 2, 3, 15, 16, 17, 32, 40, 257})
            for (std::int64_t columns : {1, 2, 5, 16, 31, 64, 300})
                check<T>({rows, columns}, {1, rows}, {columns, 1});
        check<T>({3, 500, 200}, {100000, 1, 500}, {100000, 200, 1});
    }
    SECTION("broadcast, reversed and stepped sources, spaced destinations") {
        check<T>({4, 5, 6}, {0, 1, 0}, {30, 6, 1});
        check<T>({4, 5, 6}, {0, 0, 0}, {30, 6, 1});
        check<T>({40, 600}, {0, 1}, {600, 1});
        check<T>({40, 600}, {1, 0}, {600, 1});
        check<T>({7}, {-1}, {1}, 6);
        check<T>({5, 7}, {7, -1}, {7, 1}, 6);
        check<T>({5, 7}, {-7, -1}, {7, 1}, 34);
        check<T>({20, 30}, {1, -20}, {30, 1}, 29 * 20);
        check<T>({20, 30}, {-1, 20}, {30, 1}, 19);
        check<T>({9, 11}, {50, 3}, {11, 1});
        check<T>({9, 11}, {11, 1}, {40, 3});
        check<T>({9, 11}, {1, 9}, {40, 1});
    }
}

TEST_CASE("copies are the same on any number of threads", "[kernels]") {
    for (int threads : {1, 2, 3}) {
        set_num_threads(threads);
        check<float>({100, 30, 40}, {1200, 1, 30}, {1200, 40, 1});
        check<float>({100, 1000}, {1000, 1}, {1200, 1});
        check<float>({1000, 99}, {1, 1000}, {99, 1});
        check<float>({200000}, {2}, {1});
    }
    set_num_threads(0);
}

TEST_CASE("rows are gathered by index", "[kernels]") {
    for (int threads : {1, 2})
        for (std::size_t row_bytes : {1, 4, 8, 12, 100, 4000})
            for (std::int64_t count : {0, 1, 5, 40000}) {
                if (row_bytes * static_cast<std::size_t>(count) > 5'000'000) continue;
                set_num_threads(threads);
                const std::int64_t rows = 13, width = static_cast<std::int64_t>(row_bytes);
                std::vector<std::uint8_t> source(static_cast<std::size_t>(rows * width));
                for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<std::uint8_t>(i * 31 >> 2);
                std::vector<std::int64_t> index;
                for (std::int64_t i = 0; i < count; ++i) index.push_back(i * 5 % rows);
                Guarded<std::uint8_t> y(count * width);
                gather_rows(source.data(), index.data(), count, row_bytes, y.data());
                REQUIRE(y.untouched());
                bool same = true;
                for (std::int64_t i = 0; i < count * width; ++i)
                    same = same && y[i] == source[static_cast<std::size_t>(
                                               index[static_cast<std::size_t>(i / width)] * width + i % width)];
                CHECK(same);
            }
    set_num_threads(0);
}

TEMPLATE_TEST_CASE("rows are added by index, in order", "[kernels]", float, double) {
    using T = TestType;
    for (int threads : {1, 2})
        for (std::int64_t width : {1, 3, 16, 1000}) {
            set_num_threads(threads);
            const std::int64_t count = 60, rows = 7;
            const auto source = spans::uniform<T>(count * width, -1, 1);
            std::vector<std::int64_t> index;
            for (std::int64_t i = 0; i < count; ++i) index.push_back(i * i % rows);
            Guarded<T> y(rows * width, T(0.5));
            std::vector<T> expected = y.values();
            for (std::int64_t i = 0; i < count; ++i)
                for (std::int64_t c = 0; c < width; ++c)
                    expected[static_cast<std::size_t>(index[static_cast<std::size_t>(i)] * width + c)] +=
                        source[static_cast<std::size_t>(i * width + c)];
            scatter_add_rows(source.data(), index.data(), count, width, y.data());
            CHECK(y.untouched());
            CHECK((y.values() == expected));
        }
    set_num_threads(0);
}
