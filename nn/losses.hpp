// The losses: functions for a loop of one's own, and objects with options for compile.
#pragma once

#include <weft/nn/loss.hpp>

#include <optional>

namespace weft::nn {

// Functions of (prediction, target) that give one number, the mean over all. What they take and throw is as Loss's
// per_sample() and operator().

struct LossWeights {
    Tensor sample_weight = {};  ///< [batch] or [batch, ...]
    Tensor mask = {};           ///< bool, true where a step counts
};

Tensor mse_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options = {});   ///< (p - t)^2
Tensor mae_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options = {});   ///< |p - t|
Tensor mape_loss(const Tensor& prediction, const Tensor& target,
                 const LossWeights& options = {});  ///< 100 |p - t| / |t|
/// (ln(1 + p) - ln(1 + t))^2; what is below 1e-7 counts as that.
Tensor msle_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options = {});
Tensor log_cosh_loss(const Tensor& prediction, const Tensor& target,
                     const LossWeights& options = {});  ///< ln(cosh(p - t))
Tensor poisson_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options = {});   ///< p - t ln p
/// Minus the cosine of the angle between the last axes.
Tensor cosine_similarity_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options = {});
/// max(1 - t p, 0) for targets -1 and 1; 0 and 1 are taken for them.
Tensor hinge_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options = {});
Tensor squared_hinge_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options = {});
/// max(0, 1 + the largest score of a wrong class - the score of the right one); targets one-hot.
Tensor categorical_hinge_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options = {});
/// sum t ln(t / p) over the last axis, both within 1e-7..1.
Tensor kl_divergence_loss(const Tensor& prediction, const Tensor& target, const LossWeights& options = {});

struct HuberLossOptions {
    double delta = 1.0;
    Tensor sample_weight = {};
    Tensor mask = {};
};
/// e^2 / 2 for errors up to delta, delta |e| - delta^2 / 2 beyond.
Tensor huber_loss(const Tensor& prediction, const Tensor& target, const HuberLossOptions& options = {});

struct CrossentropyLossOptions {
    bool from_logits = false;      ///< the prediction is what softmax or sigmoid would be taken of
    double label_smoothing = 0.0;  ///< s: targets become t (1 - s) + s / classes
    Tensor sample_weight = {};
    Tensor mask = {};
};
/// -t ln p - (1 - t) ln(1 - p), t in 0..1.
Tensor binary_crossentropy_loss(const Tensor& prediction, const Tensor& target,
                                const CrossentropyLossOptions& options = {});
/// -sum t ln p over the classes, the last axis; p are scaled to sum to 1.
Tensor categorical_crossentropy_loss(const Tensor& prediction, const Tensor& target,
                                     const CrossentropyLossOptions& options = {});

struct SparseCrossentropyLossOptions {
    bool from_logits = false;
    std::optional<std::int64_t> ignore_class = {};  ///< rows of this label do not count
    Tensor sample_weight = {};
    Tensor mask = {};
};
/// -ln p[label]; labels are whole numbers in 0..classes-1, [batch, ...] or [batch, ..., 1].
Tensor sparse_categorical_crossentropy_loss(const Tensor& prediction, const Tensor& target,
                                            const SparseCrossentropyLossOptions& options = {});

// Objects for compile: .loss = nn::losses::CategoricalCrossentropy({.label_smoothing = 0.1})
namespace losses {

struct Options {
    std::string reduction = "sum_over_batch_size";  ///< or "sum", or "none"
    std::string name = "";
};
Loss MeanSquaredError(const Options& options = {});
Loss MeanAbsoluteError(const Options& options = {});
Loss MeanAbsolutePercentageError(const Options& options = {});
Loss MeanSquaredLogarithmicError(const Options& options = {});
Loss LogCosh(const Options& options = {});
Loss Poisson(const Options& options = {});
Loss CosineSimilarity(const Options& options = {});
Loss Hinge(const Options& options = {});
Loss SquaredHinge(const Options& options = {});
Loss CategoricalHinge(const Options& options = {});
Loss KLDivergence(const Options& options = {});

struct HuberOptions {
    double delta = 1.0;
    std::string reduction = "sum_over_batch_size";
    std::string name = "";
};
Loss Huber(const HuberOptions& options = {});

struct CrossentropyOptions {
    bool from_logits = false;
    double label_smoothing = 0.0;
    std::string reduction = "sum_over_batch_size";
    std::string name = "";
};
Loss BinaryCrossentropy(const CrossentropyOptions& options = {});
Loss CategoricalCrossentropy(const CrossentropyOptions& options = {});

struct SparseCrossentropyOptions {
    bool from_logits = false;
    std::optional<std::int64_t> ignore_class = {};
    std::string reduction = "sum_over_batch_size";
    std::string name = "";
};
Loss SparseCategoricalCrossentropy(const SparseCrossentropyOptions& options = {});

}  // namespace losses
}  // namespace weft::nn
