#include "learning_curves.hpp"

#include <weft/autograd/error.hpp>
#include <weft/data/replace_file.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace examples {
namespace {

constexpr double width = 420, height = 300, left = 62, right = 16, top = 44, bottom = 44;

struct Range {
    double low, high, step;
};

// A range around the values whose ticks are 1, 2 or 5 times a power of ten apart.
Range ticks(double low, double high) {
    if (high - low < 1e-9) high = low + 1e-9 + 0.1 * std::abs(low);
    const double rough = (high - low) / 5, power = std::pow(10, std::floor(std::log10(rough))), digit = rough / power;
    const double step = power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    return {std::floor(low / step) * step, std::ceil(high / step) * step, step};
}

std::string panel(const weft::nn::History& history, const std::string& name, double x0) {
    struct Curve {
        std::string name, colour;
    };
    std::vector<Curve> curves{{name, "#1f77b4"}};
    if (history.contains("val_" + name)) curves.push_back({"val_" + name, "#ff7f0e"});
    double low = history[name].front(), high = low;
    for (const Curve& curve : curves)
        for (double value : history[curve.name]) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    const Range range = ticks(low, high);
    const auto& epochs = history.epochs();
    const double first = epochs.front() + 1, last = std::max<double>(epochs.back() + 1, first + 1);
    const auto x = [&](double epoch) { return x0 + left + (epoch - first) / (last - first) * (width - left - right); };
    const auto y = [&](double value) {
        return height - bottom - (value - range.low) / (range.high - range.low) * (height - top - bottom);
    };

    std::string svg = fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"14\" text-anchor=\"middle\">{}</text>\n",
                                  x0 + (left + width - right) / 2, top - 12, name);
    for (double value = range.low; value <= range.high + range.step / 2; value += range.step)
        svg += fmt::format(
            "<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/><text x=\"{:.1f}\" "
            "y=\"{:.1f}\" text-anchor=\"end\">{:.4g}</text>\n",
            x0 + left, x0 + width - right, y(value), y(value), x0 + left - 6, y(value) + 4,
            std::abs(value) < 1e-12 ? 0.0 : value);
    const int every = std::max(1, static_cast<int>(std::ceil((last - first) / 10)));
    for (int epoch = static_cast<int>(first); epoch <= static_cast<int>(last); epoch += every)
        svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", x(epoch),
                           height - bottom + 18, epoch);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">epoch</text>\n",
                       x0 + (left + width - right) / 2, height - 8);

    double legend = top + 8;
    for (const Curve& curve : curves) {
        std::string points;
        const auto& values = history[curve.name];
        for (std::size_t i = 0; i < values.size(); ++i) {
            const double px = x(epochs[i] + 1), py = y(values[i]);
            points += fmt::format("{:.1f},{:.1f} ", px, py);
            svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", px, py, curve.colour);
        }
        svg += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", points,
                           curve.colour);
        svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"{}\" text-anchor=\"end\">{}</text>\n",
                           x0 + width - right - 6, legend, curve.colour, curve.name);
        legend += 16;
    }
    return svg;
}

}  // namespace

void write_learning_curves(const weft::nn::History& history, const std::vector<std::string>& panels,
                           const std::string& title, const std::string& path) {
    if (history.epochs().empty()) throw weft::ValueError("write_learning_curves: the history holds no epoch");
    const double total = width * static_cast<double>(panels.size());
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
        "{1:.0f}\" font-family=\"sans-serif\" font-size=\"11\">\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<text x=\"{2:.0f}\" y=\"16\" font-size=\"13\" "
        "text-anchor=\"middle\" fill=\"#555\">{3}</text>\n",
        total, height, total / 2, title);
    for (std::size_t i = 0; i < panels.size(); ++i) svg += panel(history, panels[i], width * static_cast<double>(i));
    svg += "</svg>\n";
    weft::data::replace_file(path, svg);
}

}  // namespace examples
