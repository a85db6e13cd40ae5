#include "../catch.hpp"
#include "guarded.hpp"

#include <weft/autograd/kernels/pool2d.hpp>
#include <weft/autograd/kernels/threads.hpp>

#include <string>

using namespace weft;
using kernels::PoolGeometry;
using testing::Guarded;

namespace {

PoolGeometry geometry(std::int64_t batch, std::int64_t height, std::int64_t width, std::int64_t channels,
                      std::int64_t pool, std::int64_t stride, std::int64_t before, std::int64_t after) {
    return {batch, height, width, channels, pool, pool, (height + before + after - pool) / stride + 1,
            (width + before + after - pool) / stride + 1, stride, stride, before, before};
}

// Calls f(output index, indices of the window's cells inside the image) for every output.
template <class F>
void for_each_window(const PoolGeometry& g, F f) {
    for (std::int64_t n = 0; n < g.batch; ++n)
        for (std::int64_t i = 0; i < g.out_height; ++i)
            for (std::int64_t j = 0; j < g.out_width; ++j)
                for (std::int64_t c = 0; c < g.channels; ++c) {
                    std::vector<std::int64_t> cells;
                    for (std::int64_t r = 0; r < g.pool_height; ++r)
                        for (std::int64_t s = 0; s < g.pool_width; ++s) {
                            const auto h = i * g.stride_height - g.pad_top + r, v = j * g.stride_width - g.pad_left + s;
                            if (h >= 0 && h < g.height && v >= 0 && v < g.width)
                                cells.push_back(((n * g.height + h) * g.width + v) * g.channels + c);
                        }
                    f(((n * g.out_height + i) * g.out_width + j) * g.channels + c, cells);
                }
}

template <class T>
void check(const PoolGeometry& g, const kernels::PoolFunctions<T>& pool) {
    const auto inputs = g.batch * g.height * g.width * g.channels;
    const auto outputs = g.batch * g.out_height * g.out_width * g.channels;
    const double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-14;
    auto x = testing::random_values<T>(inputs, 1);
    for (T& value : x) value = std::round(value * 4);  // so that cells tie
    const auto dy = testing::random_values<T>(outputs, 2), ddx = testing::random_values<T>(inputs, 3);

    std::vector<T> expected_places(outputs);
    std::vector<double> largest(outputs), mean(outputs), gathered(outputs), dx_largest(inputs), dx_mean(inputs);
    for_each_window(g, [&](std::int64_t output, const std::vector<std::int64_t>& cells) {
        std::int64_t best = cells.front();
        for (std::size_t place = 0; place < cells.size(); ++place) {
            const std::int64_t cell = cells[place];
            if (x[cell] > x[best]) best = cell, expected_places[output] = static_cast<T>(place);
            mean[output] += double(x[cell]) / double(cells.size());
            dx_mean[cell] += double(dy[output]) / double(cells.size());
        }
        largest[output] = double(x[best]);
        gathered[output] = double(ddx[best]);
        dx_largest[best] += double(dy[output]);
    });

    Guarded<T> y(outputs), places(outputs), y_alone(outputs), y_mean(outputs), ddy(outputs), dx(inputs),
        dx_average(inputs);
    pool.maximum(g, x.data(), y.data(), places.data());
    pool.maximum(g, x.data(), y_alone.data(), nullptr);
    pool.average(g, x.data(), y_mean.data());
    pool.maximum_gather(g, expected_places.data(), ddx.data(), ddy.data());
    pool.maximum_gradient(g, expected_places.data(), dy.data(), dx.data());
    pool.average_gradient(g, dy.data(), dx_average.data());
    INFO(g.batch << "x" << g.height << "x" << g.width << "x" << g.channels << " pool " << g.pool_height << "x"
                 << g.pool_width << " stride " << g.stride_height << " pad " << g.pad_top);
    CHECK(testing::difference(y, largest) == 0);
    CHECK(testing::difference(y_alone, largest) == 0);
    CHECK(std::equal(expected_places.begin(), expected_places.end(), places.data()));
    CHECK(testing::difference(y_mean, mean) < tolerance);
    CHECK(testing::difference(ddy, gathered) == 0);
    CHECK(testing::difference(dx, dx_largest) < tolerance);
    CHECK(testing::difference(dx_average, dx_mean) < tolerance);
    CHECK((y.intact() && places.intact() && y_alone.intact() && y_mean.intact()));
    CHECK((ddy.intact() && dx.intact() && dx_average.intact()));
}

template <class F>
void on_every_set(F f) {
    for (kernels::Isa isa : kernels::available())
        for (int threads : {1, 2}) {
            INFO(kernels::name(isa) << ", " << threads << " threads");
            kernels::set_num_threads(threads);
            f(kernels::family<kernels::Pool2d>(isa));
        }
    kernels::set_num_threads(0);
}

void check(const PoolGeometry& g) {
    on_every_set([&](const kernels::Pool2d& pool) {
        check<float>(g, pool.f32);
        check<double>(g, pool.f64);
    });
}

}  // namespace

TEST_CASE("Pooling with any number of channels", "[kernels][pool2d]") {
    for (std::int64_t channels : {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64}) {
        check(geometry(2, 6, 7, channels, 2, 2, 0, 0));
        check(geometry(1, 7, 6, channels, 3, 2, 1, 1));
    }
}

TEST_CASE("Pooling with any window, stride and padding", "[kernels][pool2d]") {
    for (std::int64_t pool : {1, 2, 3, 5})
        for (std::int64_t stride : {1, 2, 3, 5})
            for (std::int64_t before = 0; before < std::min<std::int64_t>(pool, 3); ++before) {
                check(geometry(2, 9, 8, 5, pool, stride, before, 0));
                check(geometry(2, 8, 11, 20, pool, stride, before, before));
            }
    PoolGeometry uneven{2, 9, 10, 6, 3, 2, 3, 9, 3, 1};
    check(uneven);
}

TEST_CASE("Pooling work that is worth threads", "[kernels][pool2d]") {
    check(geometry(0, 6, 6, 3, 2, 2, 0, 0));
    check(geometry(1, 64, 64, 33, 2, 2, 0, 0));
    check(geometry(1, 61, 64, 33, 3, 2, 1, 1));
    check(geometry(3, 31, 33, 32, 2, 2, 0, 0));
}

TEMPLATE_TEST_CASE("Max-pooling lets NaN win, and its gradient goes there", "[kernels][pool2d]", float, double) {
    // Cells of each window of three rows and columns, strides of two: windows overlap, and some reach beyond the image.
    using Limits = std::numeric_limits<TestType>;
    const TestType nan = Limits::quiet_NaN(), infinite = Limits::infinity();
    on_every_set([&](const kernels::Pool2d& pool) {
        const kernels::PoolFunctions<TestType>& functions = [&]() -> auto& {
            if constexpr (std::is_same_v<TestType, float>) return pool.f32;
            else return pool.f64;
        }();
        for (std::int64_t channels : {1, 16, 19}) {
            const PoolGeometry g = geometry(1, 6, 6, channels, 3, 2, 1, 1);
            const auto inputs = 36 * channels, outputs = g.out_height * g.out_width * channels;
            for (std::int64_t at = 0; at < inputs; at += 5) {
                auto x = testing::random_values<TestType>(inputs, 1);
                x[at] = x[(at + 7 * channels) % inputs] = nan;
                x[(at + 3) % inputs] = infinite;  // of a window with both the sum is NaN, the greatest is not
                x[(at + 3 + channels) % inputs] = -infinite;
                std::vector<std::int64_t> best(outputs);
                std::vector<TestType> places_wanted(outputs);
                for_each_window(g, [&](std::int64_t output, const std::vector<std::int64_t>& cells) {
                    best[output] = cells.front();
                    for (std::size_t place = 1; place < cells.size(); ++place) {
                        const TestType value = x[cells[place]], now = x[best[output]];
                        if (value > now || (std::isnan(value) && !std::isnan(now)))
                            best[output] = cells[place], places_wanted[output] = static_cast<TestType>(place);
                    }
                });
                Guarded<TestType> y(outputs), places(outputs), ddy(outputs);
                functions.maximum(g, x.data(), y.data(), places.data());
                functions.maximum_gather(g, places.data(), x.data(), ddy.data());
                bool same = true;
                for (std::int64_t i = 0; i < outputs; ++i)
                    for (TestType found : {y[i], ddy[i]})
                        same = same && (found == x[best[i]] || (std::isnan(found) && std::isnan(x[best[i]])));
                CHECK(same);
                CHECK(std::equal(places_wanted.begin(), places_wanted.end(), places.data()));
            }
        }
    });
}

TEST_CASE("Max-pooling of minus infinity", "[kernels][pool2d]") {
    on_every_set([](const kernels::Pool2d& pool) {
        const PoolGeometry g = geometry(1, 4, 4, 3, 2, 2, 1, 1);
        const std::vector<float> x(4 * 4 * 3, -INFINITY);
        Guarded<float> y(3 * 3 * 3, 0.0f), places(3 * 3 * 3);
        pool.f32.maximum(g, x.data(), y.data(), places.data());
        for (std::int64_t i = 0; i < y.size(); ++i) CHECK((y[i] == -INFINITY && places[i] == 0));
    });
}
