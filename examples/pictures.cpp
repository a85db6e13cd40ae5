#include "pictures.hpp"

#include <weft/autograd/error.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace examples {
namespace {

using weft::Tensor;

struct Colour {
    float red, green, blue;
};
constexpr Colour grey{0.75f, 0.75f, 0.75f}, light{0.92f, 0.92f, 0.92f};
// Ten that are told apart easily.
constexpr std::array<Colour, 10> colours{{{0.12f, 0.47f, 0.71f},
                                          {1.00f, 0.50f, 0.05f},
                                          {0.17f, 0.63f, 0.17f},
                                          {0.84f, 0.15f, 0.16f},
                                          {0.58f, 0.40f, 0.74f},
                                          {0.55f, 0.34f, 0.29f},
                                          {0.89f, 0.47f, 0.76f},
                                          {0.40f, 0.40f, 0.40f},
                                          {0.74f, 0.74f, 0.13f},
                                          {0.09f, 0.75f, 0.81f}}};

Colour colour_of(std::int64_t label) { return colours[static_cast<std::size_t>(label) % colours.size()]; }

// A white canvas with the origin at the top left.
class Canvas {
public:
    Canvas(std::int64_t height, std::int64_t width)
        : height_(height), width_(width), pixels_({height, width, 3}, weft::float32) {
        std::fill_n(pixels_.data<float>(), pixels_.elements(), 1.0f);
    }
    void rectangle(std::int64_t row, std::int64_t column, std::int64_t height, std::int64_t width, Colour colour) {
        for (std::int64_t r = std::max<std::int64_t>(row, 0); r < std::min(row + height, height_); ++r)
            for (std::int64_t c = std::max<std::int64_t>(column, 0); c < std::min(column + width, width_); ++c) {
                float* pixel = pixels_.data<float>() + (r * width_ + c) * 3;
                pixel[0] = colour.red, pixel[1] = colour.green, pixel[2] = colour.blue;
            }
    }
    void line(double row, double column, double to_row, double to_column, Colour colour) {
        const int steps = static_cast<int>(std::max(std::abs(to_row - row), std::abs(to_column - column))) + 1;
        for (int i = 0; i <= steps; ++i)
            rectangle(std::lround(row + (to_row - row) * i / steps),
                      std::lround(column + (to_column - column) * i / steps), 2, 2, colour);
    }
    Tensor picture() const { return Tensor(pixels_); }

private:
    std::int64_t height_, width_;
    weft::Array pixels_;
};

}  // namespace

Tensor tiled(const Tensor& images, std::int64_t columns, std::int64_t scale) {
    constexpr std::int64_t gap = 2;
    const std::int64_t count = images.shape(0), height = images.shape(1), width = images.shape(2),
                       channels = images.shape(3);
    const std::int64_t rows = (count + columns - 1) / columns, wide = columns * (width * scale + gap) + gap;
    weft::Array all = weft::full_array({rows * (height * scale + gap) + gap, wide, channels}, 1, weft::float32);
    const auto from = images.values<float>();
    for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t r = 0; r < height * scale; ++r)
            for (std::int64_t c = 0; c < width * scale; ++c) {
                const std::int64_t row = i / columns * (height * scale + gap) + gap + r,
                                   column = i % columns * (width * scale + gap) + gap + c;
                const float* pixel =
                    &from[static_cast<std::size_t>(((i * height + r / scale) * width + c / scale) * channels)];
                std::copy_n(pixel, channels, all.data<float>() + (row * wide + column) * channels);
            }
    return Tensor(std::move(all));
}

Tensor rows_of(const weft::Tensors& images, std::int64_t count, std::int64_t scale) {
    weft::Tensors first;
    for (const Tensor& x : images) first.push_back(weft::slice(x, 0, 0, count));
    return tiled(weft::concat(first), count, scale);
}

Tensor scatter(const Tensor& points, const Tensor& labels) {
    constexpr std::int64_t side = 640, legend = 40, margin = 12;
    if (points.shape(0) != labels.shape(0)) throw weft::ShapeError("scatter: expects a label for each point");
    const auto xy = points.values<float>();
    const auto label = labels.values<std::int64_t>();
    // All but the farthest few: one stray point must not shrink the rest.
    std::vector<float> distances;
    for (const float value : xy) distances.push_back(std::abs(value));
    std::sort(distances.begin(), distances.end());
    const double reach =
        distances.empty()
            ? 1
            : std::max<double>(1e-6, 1.05 * static_cast<double>(distances[distances.size() * 999 / 1000]));
    const auto at = [&](double value) { return std::lround(margin + (value / reach + 1) / 2 * (side - 2 * margin)); };
    Canvas canvas(side, side + legend);
    canvas.rectangle(at(0), 0, 1, side, grey);
    canvas.rectangle(0, at(0), side, 1, grey);
    for (std::size_t i = 0; i < label.size(); ++i)
        canvas.rectangle(side - 1 - at(static_cast<double>(xy[2 * i + 1])), at(static_cast<double>(xy[2 * i])), 2, 2,
                         colour_of(label[i]));
    canvas.rectangle(0, side, side, legend, {1, 1, 1});
    for (std::int64_t k = 0; k < 10; ++k) canvas.rectangle(margin + k * 28, side + 8, 22, 22, colour_of(k));
    return canvas.picture();
}

Tensor curves(const std::vector<std::vector<double>>& series) {
    constexpr std::int64_t height = 360, width = 520, margin = 16;
    double low = INFINITY, high = -INFINITY;
    std::size_t longest = 2;
    for (const std::vector<double>& curve : series) {
        longest = std::max(longest, curve.size());
        for (const double value : curve) low = std::min(low, value), high = std::max(high, value);
    }
    if (!(high > low)) high = low + 1;
    const auto row = [&](double value) { return margin + (high - value) / (high - low) * (height - 2 * margin); };
    const auto column = [&](std::size_t i) {
        return margin + static_cast<double>(i) / static_cast<double>(longest - 1) * (width - 2 * margin);
    };
    Canvas canvas(height, width);
    for (int quarter = 0; quarter <= 4; ++quarter)
        canvas.rectangle(std::lround(row(low + (high - low) * quarter / 4)), margin, 1, width - 2 * margin, light);
    for (std::size_t k = 0; k < series.size(); ++k)
        for (std::size_t i = 1; i < series[k].size(); ++i)
            canvas.line(row(series[k][i - 1]), column(i - 1), row(series[k][i]), column(i),
                        colour_of(static_cast<std::int64_t>(k)));
    return canvas.picture();
}

}  // namespace examples
