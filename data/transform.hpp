// Samples changed on their way out of a source, such as pictures flipped and shifted at random.
#pragma once

#include <weft/autograd/random.hpp>
#include <weft/data/source.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace weft::data {

/// Changes one sample: its tensors, such as {x, y}, without the axis of samples, which it replaces rather than writes
/// into. What it draws from the generator depends on the seed, the epoch and the sample's place in the epoch alone.
using SampleFunction = std::function<void(Tensors& sample, Generator& generator)>;

struct TransformOptions {
    std::uint64_t seed = 0;
};

/// A source whose samples go through a function. Every sample of a batch must come back with the same shapes and types.
///     data::Transformed augmented(data::Loader({x, y}, {.shuffle = true}), [](Tensors& sample, Generator& generator) {
///         sample[0] = data::random_flip(sample[0], generator);
///     }, {.seed = 1});
class Transformed : public Source {
public:
    template <std::derived_from<Source> S>
    Transformed(S source, SampleFunction function, const TransformOptions& options = {})
        : Transformed(std::make_shared<S>(std::move(source)), std::move(function), options) {}
    Transformed(std::shared_ptr<Source> source, SampleFunction function, const TransformOptions& options = {});

    void begin_epoch(std::int64_t epoch) override;
    /// Throws what the function throws, ShapeError for samples that do not make a batch.
    bool next(Tensors& batch) override;
    std::int64_t samples() const override { return source_->samples(); }
    std::int64_t batches() const override { return source_->batches(); }

private:
    std::shared_ptr<Source> source_;
    SampleFunction function_;
    TransformOptions options_;
    std::int64_t epoch_ = 0, given_ = 0;
};

// Functions of one image [height, width, channels], of any element type.

/// The image, or its mirror image left to right, each as likely. Throws ShapeError.
Tensor random_flip(const Tensor& image, Generator& generator);
/// The image moved by up to `most` pixels along each axis, every distance as likely; what moves in is zero. The same as
/// padding by `most` and cutting the image's size out at a random place. Throws ShapeError, ValueError for most < 0.
Tensor random_shift(const Tensor& image, std::int64_t most, Generator& generator);

}  // namespace weft::data
