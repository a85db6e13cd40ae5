#include "../catch.hpp"
#include "guarded.hpp"

#include <weft/autograd/kernels/conv2d.hpp>
#include <weft/autograd/kernels/threads.hpp>

#include <string>

using namespace weft;
using kernels::ConvGeometry;
using kernels::Epilogue;
using testing::Guarded;

namespace {

std::int64_t x_size(const ConvGeometry& g) { return g.batch * g.height * g.width * g.in_channels; }
std::int64_t y_size(const ConvGeometry& g) { return g.batch * g.out_height * g.out_width * g.out_channels; }
std::int64_t w_size(const ConvGeometry& g) {
    return g.kernel_height * g.kernel_width * (g.in_channels / g.groups) * g.out_channels;
}

// Calls f(x index, w index, y index) for every product of the convolution.
template <class F>
void for_each_product(const ConvGeometry& g, F f) {
    const auto in_group = g.in_channels / g.groups, out_group = g.out_channels / g.groups;
    for (std::int64_t n = 0; n < g.batch; ++n)
        for (std::int64_t i = 0; i < g.out_height; ++i)
            for (std::int64_t j = 0; j < g.out_width; ++j)
                for (std::int64_t r = 0; r < g.kernel_height; ++r)
                    for (std::int64_t s = 0; s < g.kernel_width; ++s) {
                        const auto h = i * g.stride_height - g.pad_top + r * g.dilation_height;
                        const auto v = j * g.stride_width - g.pad_left + s * g.dilation_width;
                        if (h < 0 || h >= g.height || v < 0 || v >= g.width) continue;
                        for (std::int64_t k = 0; k < in_group; ++k)
                            for (std::int64_t o = 0; o < g.out_channels; ++o)
                                f(((n * g.height + h) * g.width + v) * g.in_channels + o / out_group * in_group + k,
                                  ((r * g.kernel_width + s) * in_group + k) * g.out_channels + o,
                                  ((n * g.out_height + i) * g.out_width + j) * g.out_channels + o);
                    }
}

// out_height and out_width for padding `before` and `after` on both axes.
ConvGeometry sized(ConvGeometry g, std::int64_t before, std::int64_t after) {
    g.pad_top = g.pad_left = before;
    g.out_height = (g.height + before + after - (g.kernel_height - 1) * g.dilation_height - 1) / g.stride_height + 1;
    g.out_width = (g.width + before + after - (g.kernel_width - 1) * g.dilation_width - 1) / g.stride_width + 1;
    return g;
}

std::string describe(const ConvGeometry& g) {
    std::string text;
    for (std::int64_t value : {g.batch, g.height, g.width, g.in_channels, g.kernel_height, g.kernel_width,
                               g.out_channels, g.out_height, g.out_width, g.stride_height, g.stride_width,
                               g.dilation_height, g.dilation_width, g.pad_top, g.pad_left, g.groups})
        text += std::to_string(value) + " ";
    return text;
}

template <class T>
void check(const ConvGeometry& g, const kernels::ConvFunctions<T>& conv) {
    const double tolerance = sizeof(T) == 4 ? 2e-5 : 1e-13;
    const auto x = testing::random_values<T>(x_size(g), 1), w = testing::random_values<T>(w_size(g), 2);
    const auto bias = testing::random_values<T>(g.out_channels, 3), dy = testing::random_values<T>(y_size(g), 4);

    std::vector<double> y_expected(y_size(g)), rectified(y_size(g)), dx_expected(x_size(g)), dw_expected(w_size(g));
    for_each_product(g, [&](std::int64_t xi, std::int64_t wi, std::int64_t yi) {
        y_expected[yi] += double(x[xi]) * double(w[wi]);
        dx_expected[xi] += double(dy[yi]) * double(w[wi]);
        dw_expected[wi] += double(dy[yi]) * double(x[xi]);
    });
    for (std::size_t i = 0; i < rectified.size(); ++i)
        rectified[i] = std::max(0.0, y_expected[i] + double(bias[i % g.out_channels]));

    Guarded<T> y(y_size(g)), y_relu(y_size(g)), dx(x_size(g)), dw(w_size(g));
    conv.forward(g, x.data(), w.data(), nullptr, Epilogue::none, y.data());
    conv.forward(g, x.data(), w.data(), bias.data(), Epilogue::relu, y_relu.data());
    conv.backward_data(g, dy.data(), w.data(), dx.data());
    conv.backward_weights(g, x.data(), dy.data(), dw.data());

    std::vector<double> dw_within(w_size(g)), db_within(g.out_channels);
    const auto within = [&](std::int64_t yi) { return y_relu.data()[yi] > T(0) ? double(dy[yi]) : 0; };
    for_each_product(g, [&](std::int64_t xi, std::int64_t wi, std::int64_t yi) {
        dw_within[wi] += within(yi) * double(x[xi]);
    });
    for (std::int64_t i = 0; i < y_size(g); ++i) db_within[i % g.out_channels] += within(i);
    Guarded<T> dw_relu(w_size(g)), db(g.out_channels);
    conv.backward_weights_relu(g, x.data(), y_relu.data(), dy.data(), dw_relu.data(), db.data());

    INFO(describe(g));
    CHECK(testing::difference(dw_relu, dw_within) < tolerance);
    CHECK(testing::difference(db, db_within) < tolerance);
    CHECK((dw_relu.intact() && db.intact()));
    CHECK(testing::difference(y, y_expected) < tolerance);
    CHECK(testing::difference(y_relu, rectified) < tolerance);
    CHECK(testing::difference(dx, dx_expected) < tolerance);
    CHECK(testing::difference(dw, dw_expected) < tolerance);
    CHECK((y.intact() && y_relu.intact() && dx.intact() && dw.intact()));
}

// Every instruction set, both element types, one thread and two.
void check(const ConvGeometry& g) {
    for (kernels::Isa isa : kernels::available())
        for (int threads : {1, 2}) {
            INFO(kernels::name(isa) << ", " << threads << " threads");
            kernels::set_num_threads(threads);
            check<float>(g, kernels::family<kernels::Conv2d>(isa).f32);
            check<double>(g, kernels::family<kernels::Conv2d>(isa).f64);
        }
    kernels::set_num_threads(0);
}

ConvGeometry geometry(std::int64_t batch, std::int64_t height, std::int64_t width, std::int64_t in_channels,
                      std::int64_t kernel_height, std::int64_t kernel_width, std::int64_t out_channels) {
    return {batch, height, width, in_channels, kernel_height, kernel_width, out_channels, 0, 0};
}

const std::int64_t channel_counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64};

}  // namespace

TEST_CASE("Convolution with any number of input and output channels", "[kernels][conv2d]") {
    for (std::int64_t channels : channel_counts) {
        check(sized(geometry(2, 5, 6, channels, 3, 3, 16), 1, 1));
        check(sized(geometry(2, 6, 5, 4, 3, 3, channels), 0, 0));
        check(sized(geometry(2, 6, 5, 1, 3, 3, channels), 0, 0));
        check(sized(geometry(1, 5, 5, channels, 3, 3, channels), 1, 1));
        check(sized(geometry(2, 3, 4, channels, 1, 1, channels), 0, 0));
    }
}

TEST_CASE("Convolution with any kernel, stride and padding", "[kernels][conv2d]") {
    for (std::int64_t kernel_height : {1, 2, 3, 5})
        for (std::int64_t kernel_width : {1, 2, 3, 5})
            for (std::int64_t stride : {1, 2, 3})
                for (std::int64_t channels : {1, 3, 17}) {
                    ConvGeometry g = geometry(2, 9, 8, channels, kernel_height, kernel_width, 18 - channels);
                    g.stride_height = g.stride_width = stride;
                    check(sized(g, 0, 0));
                    check(sized(g, 0, 1));  // 'same' with an even kernel pads more at the end
                    check(sized(g, 2, 1));
                }
    ConvGeometry uneven = geometry(2, 11, 10, 5, 3, 2, 20);
    uneven.stride_height = 3;
    uneven.stride_width = 2;
    check(sized(uneven, 1, 0));
}

TEST_CASE("Convolution over rows of every length", "[kernels][conv2d]") {
    for (std::int64_t width = 1; width <= 34; ++width) {
        check(sized(geometry(2, 3, width, 3, 3, 3, 33), 1, 1));
        check(sized(geometry(1, 3, width, 1, 3, 3, 16), 1, 1));
        check(sized(geometry(1, 3, width, 2, 3, 3, 65), 1, 1));
    }
}

TEST_CASE("Dilated convolution", "[kernels][conv2d]") {
    for (std::int64_t dilation : {2, 3})
        for (std::int64_t stride : {1, 2, 3})
            for (std::int64_t channels : {1, 3, 16}) {
                ConvGeometry g = geometry(2, 12, 11, channels, 3, 3, 19);
                g.dilation_height = g.dilation_width = dilation;
                g.stride_height = g.stride_width = stride;
                check(sized(g, 0, 0));
                check(sized(g, dilation, dilation));
            }
}

TEST_CASE("Grouped and depthwise convolution", "[kernels][conv2d]") {
    const struct {
        std::int64_t groups, in_channels, out_channels;
    } cases[] = {{2, 4, 6}, {2, 32, 34}, {3, 9, 48}, {4, 4, 4}, {17, 17, 17}, {40, 40, 40}, {5, 5, 15}, {16, 16, 32}};
    for (const auto& c : cases)
        for (std::int64_t stride : {1, 2})
            for (std::int64_t dilation : {1, 2}) {
                ConvGeometry g = geometry(2, 9, 10, c.in_channels, 3, 2, c.out_channels);
                g.groups = c.groups;
                g.stride_height = g.stride_width = stride;
                g.dilation_height = g.dilation_width = dilation;
                check(sized(g, 1, 1));
                check(sized(g, 0, 0));
            }
}

TEST_CASE("Convolution of empty, single and large batches", "[kernels][conv2d]") {
    check(sized(geometry(0, 5, 5, 3, 3, 3, 4), 1, 1));
    check(sized(geometry(1, 28, 28, 1, 3, 3, 32), 0, 0));
    check(sized(geometry(5, 28, 28, 1, 3, 3, 32), 0, 0));
    check(sized(geometry(1, 20, 20, 16, 3, 3, 32), 1, 1));
    check(sized(geometry(3, 8, 8, 64, 3, 3, 64), 1, 1));
    check(sized(geometry(7, 9, 9, 24, 1, 1, 40), 0, 0));
    check(sized(geometry(1, 4, 4, 1, 1, 1, 1), 3, 3));  // most outputs see nothing but padding
}

TEST_CASE("Convolution with more weights than the cache holds", "[kernels][conv2d]") {
    check(sized(geometry(2, 4, 3, 290, 3, 3, 70), 1, 1));
    check(sized(geometry(1, 3, 4, 650, 2, 2, 64), 0, 0));
}

TEST_CASE("Convolution that leaves out pixels and whole rows", "[kernels][conv2d]") {
    ConvGeometry g = geometry(2, 41, 40, 32, 1, 1, 16);
    g.stride_height = g.stride_width = 2;
    check(sized(g, 0, 0));
}

TEST_CASE("Convolution keeps NaN and infinity", "[kernels][conv2d]") {
    for (kernels::Isa isa : kernels::available())
        for (std::int64_t in_channels : {2, 16}) {
            const auto& conv = kernels::family<kernels::Conv2d>(isa).f32;
            const ConvGeometry g = sized(geometry(1, 6, 6, in_channels, 3, 3, 2), 1, 1);
            std::vector<float> x(x_size(g), 1.0f), w(w_size(g), 1.0f);
            x[0] = NAN;
            Guarded<float> y(y_size(g), 0.0f);
            conv.forward(g, x.data(), w.data(), nullptr, Epilogue::relu, y.data());
            CHECK(std::isnan(y[0]));
            CHECK(y[y.size() - 1] == 4.0f * static_cast<float>(in_channels));
        }
}

TEST_CASE("The same number of threads gives the same bits", "[kernels][conv2d]") {
    const ConvGeometry g = sized(geometry(8, 14, 14, 16, 3, 3, 32), 1, 1);
    const auto x = testing::random_values<float>(x_size(g), 1), dy = testing::random_values<float>(y_size(g), 2);
    kernels::set_num_threads(2);
    std::vector<float> first(w_size(g)), again(w_size(g));
    kernels::active<kernels::Conv2d>().f32.backward_weights(g, x.data(), dy.data(), first.data());
    for (int i = 0; i < 5; ++i) {
        kernels::active<kernels::Conv2d>().f32.backward_weights(g, x.data(), dy.data(), again.data());
        CHECK(first == again);
    }
    kernels::set_num_threads(0);
}
