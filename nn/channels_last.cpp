#include <weft/nn/channels_last.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {
namespace {

void check(const Module& layer, const Shape& input, std::int64_t channels, int rank, const char* meaning) {
    if (input.rank() == rank && (!channels || input.back() == channels || input.back() == None)) return;
    std::string hint;
    if (input.rank() == rank - 1) {
        std::string sizes;
        for (int i = 0; i < input.rank(); ++i) sizes += input[i] == None ? "n, " : std::to_string(input[i]) + ", ";
        hint = fmt::format(" Add the channel axis, e.g. x.reshape({{{}1}}).", sizes);
    }
    throw ShapeError(fmt::format("{}: expects [{}, {}]; received {}.{}", layer.label(), meaning,
                                 channels ? std::to_string(channels) : "channels", str(input), hint));
}

}  // namespace

void check_sequence(const Module& layer, const Shape& input, std::int64_t channels) {
    check(layer, input, channels, 3, "batch, steps");
}
void check_images(const Module& layer, const Shape& input, std::int64_t channels) {
    check(layer, input, channels, 4, "batch, height, width");
}

std::int64_t known_channels(const Module& layer, const Shape& input) {
    if (input.back() == None)
        throw ShapeError(
            fmt::format("{}: the number of channels must be known; received {}", layer.label(), str(input)));
    return input.back();
}

void check_input_shape(const Module& layer, int rank, const char* meaning) {
    const Shape& given = layer.input_shape();
    if (given.empty() || given.rank() == rank) return;
    throw ShapeError(fmt::format("{}: input_shape must be {}; received {}. With a single channel the last is 1.",
                                 layer.label(), meaning, str(given)));
}

void check_positive(const Module& layer, std::initializer_list<Size2> sizes, const char* names) {
    for (const Size2& size : sizes)
        if (size.height < 1 || size.width < 1)
            throw ValueError(fmt::format("{}: {} must be positive; received [{}, {}]", layer.label(), names,
                                         size.height, size.width));
}

void read_channels_last(const nlohmann::json& config, const char* layer) {
    if (config_string(config, "data_format", "channels_last") != "channels_last")
        throw ValueError(fmt::format("{}: only data_format channels_last can be read", layer));
}

Size2 config_size(const nlohmann::json& config, const char* key, Size2 otherwise) {
    const auto sizes = config_ints(config, key, 2);
    if (sizes.empty()) return otherwise;
    if (sizes.size() == 1) return sizes[0];
    if (sizes.size() != 2)
        throw ValueError(
            fmt::format("layer config: '{}' must be one size or two; the file says {}", key, sizes.size()));
    return {sizes[0], sizes[1]};
}

}  // namespace weft::nn
