// Batches of tensors, shuffled if wanted, made in the background.
#pragma once

#include <weft/data/samples.hpp>
#include <weft/data/source.hpp>

#include <cstdint>
#include <memory>

namespace weft::data {

struct LoaderOptions {
    std::int64_t batch_size = 32;
    bool shuffle = false;
    bool drop_last = false;  ///< leaves out a last batch of fewer samples
    std::uint64_t seed = 0;
    int prefetch = 2;        ///< batches made before they are asked for
    int workers = 1;         ///< threads that make them; 0: the calling thread, when asked
};

/// The samples of some tensors, such as {x, y, weights}, each once an epoch. Their order depends on the seed and the
/// epoch alone, never on threads. Batches of a loader that does not shuffle are views of the tensors.
/// Throws ShapeError for tensors whose first axes differ, ValueError for options out of range.
class Loader : public Source {
public:
    explicit Loader(Tensors tensors, const LoaderOptions& options = {});
    /// The same for samples that are gathered batch by batch.
    explicit Loader(Samples samples, const LoaderOptions& options = {});
    ~Loader() override;
    Loader(Loader&&) noexcept;
    Loader& operator=(Loader&&) noexcept;

    void begin_epoch(std::int64_t epoch) override;
    bool next(Tensors& batch) override;
    std::int64_t samples() const override;
    std::int64_t batches() const override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace weft::data
