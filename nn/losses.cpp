#include <weft/nn/losses.hpp>

#include <fmt/core.h>

namespace weft::nn {
namespace {

double checked(double value, double low, double high, const char* what) {
    if (!(value >= low && value <= high))
        throw ValueError(fmt::format("{} must lie in {}..{}; received {}", what, low, high, value));
    return value;
}

constexpr double unlimited = 1e300;

template <class Options>
Loss named(const char* name, const Options& options) {
    return Loss::from_config(name, {{"reduction", options.reduction}, {"name", options.name}});
}

template <class Options>
Loss crossentropy(const char* name, const Options& options) {
    checked(options.label_smoothing, 0, 1, "label_smoothing");
    return Loss::from_config(name, {{"from_logits", options.from_logits},
                                    {"label_smoothing", options.label_smoothing},
                                    {"reduction", options.reduction},
                                    {"name", options.name}});
}

}  // namespace

namespace losses {

Loss MeanSquaredError(const Options& options) { return named("mean_squared_error", options); }
Loss MeanAbsoluteError(const Options& options) { return named("mean_absolute_error", options); }
Loss MeanAbsolutePercentageError(const Options& options) { return named("mean_absolute_percentage_error", options); }
Loss MeanSquaredLogarithmicError(const Options& options) { return named("mean_squared_logarithmic_error", options); }
Loss LogCosh(const Options& options) { return named("log_cosh", options); }
Loss Poisson(const Options& options) { return named("poisson", options); }
Loss CosineSimilarity(const Options& options) { return named("cosine_similarity", options); }
Loss Hinge(const Options& options) { return named("hinge", options); }
Loss SquaredHinge(const Options& options) { return named("squared_hinge", options); }
Loss CategoricalHinge(const Options& options) { return named("categorical_hinge", options); }
Loss KLDivergence(const Options& options) { return named("kl_divergence", options); }

Loss Huber(const HuberOptions& options) {
    checked(options.delta, 0, unlimited, "Huber: delta");
    return Loss::from_config("huber",
                             {{"delta", options.delta}, {"reduction", options.reduction}, {"name", options.name}});
}

Loss BinaryCrossentropy(const CrossentropyOptions& options) { return crossentropy("binary_crossentropy", options); }
Loss CategoricalCrossentropy(const CrossentropyOptions& options) {
    return crossentropy("categorical_crossentropy", options);
}

Loss SparseCategoricalCrossentropy(const SparseCrossentropyOptions& options) {
    Settings config{{"from_logits", options.from_logits}, {"reduction", options.reduction}, {"name", options.name}};
    if (options.ignore_class) config.set("ignore_class", *options.ignore_class);
    return Loss::from_config("sparse_categorical_crossentropy", config);
}

}  // namespace losses

namespace {

template <class Options>
Tensor apply(const Loss& loss, const Tensor& prediction, const Tensor& target, const Options& options) {
    return loss(target, prediction, options.sample_weight, options.mask);
}

// A loss without options of its own, made once.
template <Loss (*make)(const losses::Options&)>
Tensor apply(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    static const Loss loss = make({});
    return apply(loss, prediction, target, options);
}

}  // namespace

Tensor mse_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::MeanSquaredError>(prediction, target, options);
}
Tensor mae_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::MeanAbsoluteError>(prediction, target, options);
}
Tensor mape_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::MeanAbsolutePercentageError>(prediction, target, options);
}
Tensor msle_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::MeanSquaredLogarithmicError>(prediction, target, options);
}
Tensor log_cosh_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::LogCosh>(prediction, target, options);
}
Tensor poisson_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::Poisson>(prediction, target, options);
}
Tensor cosine_similarity_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::CosineSimilarity>(prediction, target, options);
}
Tensor hinge_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::Hinge>(prediction, target, options);
}
Tensor squared_hinge_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::SquaredHinge>(prediction, target, options);
}
Tensor categorical_hinge_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::CategoricalHinge>(prediction, target, options);
}
Tensor kl_divergence_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options) {
    return apply<losses::KLDivergence>(prediction, target, options);
}

Tensor huber_loss(const Tensor& prediction, const Tensor& target, const HuberLossOptions& options) {
    return apply(losses::Huber({.delta = options.delta}), prediction, target, options);
}

Tensor binary_crossentropy_loss(const Tensor& prediction, const Tensor& target,
                                const CrossentropyLossOptions& options) {
    return apply(
        losses::BinaryCrossentropy({.from_logits = options.from_logits, .label_smoothing = options.label_smoothing}),
        prediction, target, options);
}

Tensor categorical_crossentropy_loss(const Tensor& prediction, const Tensor& target,
                                     const CrossentropyLossOptions& options) {
    return apply(losses::CategoricalCrossentropy(
                     {.from_logits = options.from_logits, .label_smoothing = options.label_smoothing}),
                 prediction, target, options);
}

Tensor sparse_categorical_crossentropy_loss(const Tensor& prediction, const Tensor& target,
                                            const SparseCrossentropyLossOptions& options) {
    return apply(losses::SparseCategoricalCrossentropy(
                     {.from_logits = options.from_logits, .ignore_class = options.ignore_class}),
                 prediction, target, options);
}

}  // namespace weft::nn
