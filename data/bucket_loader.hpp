// Batches of sequences of similar length, so that little is filled up.
#pragma once

#include <weft/data/source.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weft::data {

struct BucketOptions {
    std::int64_t batch_size = 32;
    bool shuffle = false;          ///< the batches, and which of the sequences of one length fall into which
    std::uint64_t seed = 0;
    std::int64_t width = 1;        ///< lengths count as equal if they fall into the same so many steps: 0-7, 8-15, ...
    std::string padding = "post";  ///< where a shorter sequence is filled up: "post" or "pre"
    double value = 0;              ///< of the steps that are filled in
    bool weights = false;          ///< adds a last tensor, float32 [batch, steps]: 1 at steps that were given, else 0
};

/// Sequences sorted by length and cut into batches, each filled up to its longest: every sample once an epoch. Their
/// order depends on the seed and the epoch alone.
class BucketLoader : public Source {
public:
    /// columns[c][i] is what sample i has of tensor c of a batch: steps [steps, ...], or one number. The first column's
    /// lengths count. Throws ShapeError or DTypeError for columns that are not equally many such tensors, ValueError
    /// for options out of range.
    explicit BucketLoader(std::vector<Tensors> columns, const BucketOptions& options = {});

    void begin_epoch(std::int64_t epoch) override;
    bool next(Tensors& batch) override;
    std::int64_t samples() const override;
    std::int64_t batches() const override;

private:
    std::vector<Tensors> columns_;
    BucketOptions options_;
    std::vector<std::int64_t> order_;    // of the samples, by length
    std::vector<std::int64_t> batches_;  // in the order they come in; empty before the first epoch
    std::size_t next_ = 0;
};

}  // namespace weft::data
