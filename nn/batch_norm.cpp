#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/normalization.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/recall.hpp>
#include <weft/nn/batch_norm.hpp>
#include <weft/nn/scale_and_center.hpp>

#include <fmt/core.h>

namespace weft::nn {

BatchNorm::BatchNorm(const BatchNormOptions& options) : options_(options) {
    set_common(options.name, options.input_shape);
    if (!(options.momentum >= 0 && options.momentum <= 1))
        throw ValueError(fmt::format("{}: momentum must lie in 0..1; received {}", label(), options.momentum));
    if (!(options.epsilon > 0))
        throw ValueError(fmt::format("{}: epsilon must be positive; received {}", label(), options.epsilon));
}

int BatchNorm::channel_axis(const Shape& input) const {
    const int axis = static_cast<int>(options_.axis < 0 ? input.rank() + options_.axis : options_.axis);
    if (input.rank() < 2 || axis < 1 || axis >= input.rank())
        throw ShapeError(fmt::format("{}: expects [batch, ...] with the channels on axis {}; received {}", label(),
                                     options_.axis, str(input)));
    if (moving_mean_.defined() && input[axis] != None && input[axis] != moving_mean_.shape(0))
        throw ShapeError(fmt::format("{}: expects {} channels on axis {}; received {}", label(), moving_mean_.shape(0),
                                     axis, str(input)));
    return axis;
}

void BatchNorm::build(const Shape& input) {
    const std::int64_t channels = input[channel_axis(input)];
    if (channels == None)
        throw ShapeError(fmt::format("{}: the number of channels must be known; received {}", label(), str(input)));
    build_scale_and_center(options_, {channels}, gamma_, beta_,
                           [this](const auto&... all) { return parameter(all...); });
    moving_mean_ = buffer("moving_mean", {channels}, options_.moving_mean_initializer);
    moving_variance_ = buffer("moving_variance", {channels}, options_.moving_variance_initializer);
}

Tensor BatchNorm::forward(const Tensor& x) {
    const int axis = channel_axis(x.shape());
    const bool last = axis == x.rank() - 1;
    const Tensor channels_last = last ? x : swap_axes(x, axis, -1);
    const Tensor y =
        recalled(training() && state()->trainable) ? by_batch(channels_last) : by_moving_statistics(channels_last);
    return last ? y : swap_axes(y, axis, -1);
}

Tensor BatchNorm::by_batch(const Tensor& x) {
    if (x.elements() <= x.shape().back())
        throw ValueError(
            fmt::format("{}: in training each channel needs more than one value to be normalized by; received {}. Use "
                        "a larger batch, leave out a last batch of one sample, or call eval().",
                        label(), describe(x)));
    ChannelStatistics batch;
    const Tensor y = batch_norm(x, gamma_, beta_, options_.epsilon, &batch);
    if (recomputing()) return y;
    const NoGrad off_tape;
    const double kept = options_.momentum;
    moving_mean_.assign(moving_mean_.detach() * kept + batch.mean * (1 - kept));
    moving_variance_.assign(moving_variance_.detach() * kept + batch.variance * (1 - kept));
    return y;
}

Tensor BatchNorm::by_moving_statistics(const Tensor& x) const {
    const Tensor deviation = rsqrt(moving_variance_ + options_.epsilon),
                 factor = gamma_.defined() ? gamma_ * deviation : deviation;
    const Tensor moved = -moving_mean_ * factor;
    return scale_shift(x, factor, beta_.defined() ? beta_ + moved : moved);
}

Shape BatchNorm::output_shape(const Shape& input) {
    channel_axis(input);
    return input;
}

nlohmann::json BatchNorm::config() const {
    nlohmann::json config{{"axis", options_.axis},
                          {"momentum", options_.momentum},
                          {"moving_mean_initializer", initializer_config(options_.moving_mean_initializer)},
                          {"moving_variance_initializer", initializer_config(options_.moving_variance_initializer)}};
    put_scale_and_center(config, options_);
    return config;
}

static const bool batch_norm_registered = register_layer("BatchNormalization", [](const nlohmann::json& c) -> Layer {
    BatchNormOptions options{
        .axis = config_int(c, "axis", -1),
        .momentum = config_number(c, "momentum", 0.99),
        .moving_mean_initializer = config_initializer(c, "moving_mean_initializer", init::zeros()),
        .moving_variance_initializer = config_initializer(c, "moving_variance_initializer", init::ones())};
    read_scale_and_center(c, options);
    return BatchNorm(options);
});

}  // namespace weft::nn
