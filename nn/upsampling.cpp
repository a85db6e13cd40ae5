#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/nn/channels_last.hpp>
#include <weft/nn/registry.hpp>
#include <weft/nn/upsampling.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace weft::nn {
namespace {

// Each position of an axis `factor` times.
Tensor repeated(const Tensor& x, int axis, std::int64_t factor) {
    if (factor == 1) return x;
    Shape apart = x.shape(), result = x.shape();
    apart.insert(axis + 1, 1);
    Shape wide = apart;
    wide[axis + 1] = factor;
    result[axis] *= factor;
    return broadcast_to(x.reshape(apart), wide).reshape(result);
}

// Between the two nearest positions of an axis, whose ends go on.
Tensor interpolated(const Tensor& x, int axis, std::int64_t factor) {
    if (factor == 1) return x;
    const std::int64_t n = x.shape(axis), outputs = n * factor;
    Array below({outputs}, int64), above({outputs}, int64);
    std::vector<double> shares;
    for (std::int64_t i = 0; i < outputs; ++i) {
        const double at = (static_cast<double>(i) + 0.5) / static_cast<double>(factor) - 0.5, floor = std::floor(at);
        const auto lower = static_cast<std::int64_t>(floor);
        below.data<std::int64_t>()[i] = std::max<std::int64_t>(lower, 0);
        above.data<std::int64_t>()[i] = std::min(lower + 1, n - 1);
        shares.push_back(at - floor);
    }
    Shape along;
    for (int i = 0; i < x.rank(); ++i) along.push_back(i == axis ? outputs : 1);
    const Tensor share = tensor(shares, along, x.dtype()), low = gather(x, Tensor(below), axis);
    return low + (gather(x, Tensor(above), axis) - low) * share;
}

std::int64_t times(std::int64_t n, std::int64_t factor) { return n == None ? None : n * factor; }

}  // namespace

UpSampling1d::UpSampling1d(std::int64_t size, const UpSampling1dOptions& options) : size_(size) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    check_positive(*this, {size}, "the size");
}

Tensor UpSampling1d::forward(const Tensor& x) {
    check_sequence(*this, x.shape());
    return repeated(x, 1, size_);
}

Shape UpSampling1d::output_shape(const Shape& input) {
    check_sequence(*this, input);
    return {input[0], times(input[1], size_), input[2]};
}

nlohmann::json UpSampling1d::config() const { return {{"size", size_}}; }

UpSampling2d::UpSampling2d(Size2 size, const UpSampling2dOptions& options)
    : size_(size), interpolation_(options.interpolation) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    check_positive(*this, {size}, "the size");
    if (interpolation_ != "nearest" && interpolation_ != "bilinear")
        throw ValueError(fmt::format("{}: interpolation must be \"nearest\" or \"bilinear\"; received \"{}\"", label(),
                                     interpolation_));
}

Tensor UpSampling2d::forward(const Tensor& x) {
    check_images(*this, x.shape());
    const auto along = interpolation_ == "nearest" ? repeated : interpolated;
    return along(along(x, 2, size_.width), 1, size_.height);
}

Shape UpSampling2d::output_shape(const Shape& input) {
    check_images(*this, input);
    return {input[0], times(input[1], size_.height), times(input[2], size_.width), input[3]};
}

nlohmann::json UpSampling2d::config() const {
    return {{"size", size_.array()}, {"data_format", "channels_last"}, {"interpolation", interpolation_}};
}

namespace {
const bool upsampling_registered[] = {
    register_layer("UpSampling1D",
                   [](const nlohmann::json& c) -> Layer { return UpSampling1d(config_int(c, "size", 2)); }),
    register_layer("UpSampling2D",
                   [](const nlohmann::json& c) -> Layer {
                       read_channels_last(c, "UpSampling2D");
                       return UpSampling2d(config_size(c, "size", 2),
                                           {.interpolation = config_string(c, "interpolation", "nearest")});
                   }),
};
}  // namespace

}  // namespace weft::nn
