#include <weft/autograd/ops/index.hpp>
#include <weft/nn/channels_last.hpp>
#include <weft/nn/margins.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

detail::MarginLayer::MarginLayer(std::vector<Margin> margins, int sign, const char* key, const MarginOptions& options)
    : margins_(std::move(margins)), sign_(sign), key_(key) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    for (const Margin& margin : margins_)
        if (margin.before < 0 || margin.after < 0)
            throw ValueError(
                fmt::format("{}: margins must not be negative; received {{{}, {}}}", key, margin.before, margin.after));
}

Shape detail::MarginLayer::output_shape(const Shape& input) {
    margins_.size() == 1 ? check_sequence(*this, input) : check_images(*this, input);
    Shape shape = input;
    for (std::size_t i = 0; i < margins_.size(); ++i) {
        const int axis = static_cast<int>(i) + 1;
        if (input[axis] == None) continue;
        shape[axis] += sign_ * (margins_[i].before + margins_[i].after);
        if (shape[axis] < 1 && sign_ < 0)
            throw ShapeError(fmt::format("{}: cutting off {} and {} leaves nothing of axis {}; received {}", label(),
                                         margins_[i].before, margins_[i].after, axis, str(input)));
    }
    return shape;
}

nlohmann::json detail::MarginLayer::config() const {
    nlohmann::json sizes = nlohmann::json::array();
    for (const Margin& margin : margins_) sizes.push_back({margin.before, margin.after});
    if (margins_.size() == 1) return {{key_, sizes[0]}};
    return {{key_, sizes}, {"data_format", "channels_last"}};
}

Tensor detail::ZeroPadding::forward(const Tensor& x) {
    output_shape(x.shape());  // for its checks
    Shape before{0}, after{0};
    for (const Margin& margin : margins_) {
        before.push_back(margin.before);
        after.push_back(margin.after);
    }
    before.push_back(0);
    after.push_back(0);
    return pad(x, before, after);
}

Tensor detail::Cropping::forward(const Tensor& x) {
    output_shape(x.shape());
    Tensor rest = x;
    for (std::size_t i = 0; i < margins_.size(); ++i) {
        const int axis = static_cast<int>(i) + 1;
        rest = slice(rest, axis, margins_[i].before, x.shape(axis) - margins_[i].after);
    }
    return rest;
}

namespace {

// A number, [before, after], or a list of such: for each axis its margin.
std::vector<Margin> margins_of(const nlohmann::json& config, const char* key, std::size_t axes,
                               std::int64_t otherwise) {
    if (!config_has(config, key)) return std::vector<Margin>(axes, otherwise);
    const nlohmann::json& value = config_value(config, key);
    const auto margin = [&](const nlohmann::json& given) -> Margin {
        if (given.is_number_integer()) return given.get<std::int64_t>();
        if (given.is_array() && given.size() == 2 && given[0].is_number_integer() && given[1].is_number_integer())
            return {given[0].get<std::int64_t>(), given[1].get<std::int64_t>()};
        throw ValueError(
            fmt::format("layer config: '{}' must be margins; the file says {}", key, value.dump().substr(0, 80)));
    };
    if (axes == 1 || value.is_number_integer()) return std::vector<Margin>(axes, margin(value));
    if (!value.is_array() || value.size() != axes) margin(nullptr);
    std::vector<Margin> margins;
    for (const nlohmann::json& axis : value) margins.push_back(margin(axis));
    return margins;
}

const bool margins_registered[] = {
    register_layer("ZeroPadding1D",
                   [](const nlohmann::json& c) -> Layer { return ZeroPadding1d(margins_of(c, "padding", 1, 1)[0]); }),
    register_layer("Cropping1D",
                   [](const nlohmann::json& c) -> Layer { return Cropping1d(margins_of(c, "cropping", 1, 1)[0]); }),
    register_layer("ZeroPadding2D",
                   [](const nlohmann::json& c) -> Layer {
                       read_channels_last(c, "ZeroPadding2D");
                       const auto margins = margins_of(c, "padding", 2, 1);
                       return ZeroPadding2d({margins[0], margins[1]});
                   }),
    register_layer("Cropping2D",
                   [](const nlohmann::json& c) -> Layer {
                       read_channels_last(c, "Cropping2D");
                       const auto margins = margins_of(c, "cropping", 2, 0);
                       return Cropping2d({margins[0], margins[1]});
                   }),
};

}  // namespace
}  // namespace weft::nn
