// Batches out of an HDF5 file that need not fit into memory.
#pragma once

#include <weft/data/source.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weft::data {

struct Hdf5SourceOptions {
    std::int64_t batch_size = 32;
    bool shuffle = false;
    bool drop_last = false;         ///< leaves out a last batch of fewer samples
    std::uint64_t seed = 0;
    int prefetch = 1;               ///< groups of samples read in the background before they are asked for
    std::int64_t group_samples = 0; ///< samples held in memory and shuffled together; 0: about 32 MiB of them
};

/// The samples of some datasets of a file, such as {"x", "y"}, each once an epoch; sample i is position i of every
/// dataset's first axis. They are read in groups: when shuffling, a group is made of blocks of consecutive samples
/// (whole chunks of the file) from all over it, and its samples are shuffled, so that what is on the disk together is
/// read together; a file whose classes lie one after another still comes well mixed if a group holds many blocks.
/// prefetch + 1 groups are in memory, besides the batch. The order depends on the seed, the epoch and the group's size
/// alone, never on threads or the batch's size. Throws FileError, also from next() if the file is damaged; ShapeError
/// for datasets of different lengths; ValueError for options out of range.
class Hdf5Source : public Source {
public:
    Hdf5Source(const std::string& path, const std::vector<std::string>& names = {"x", "y"},
               const Hdf5SourceOptions& options = {});
    ~Hdf5Source() override;
    Hdf5Source(Hdf5Source&&) noexcept;
    Hdf5Source& operator=(Hdf5Source&&) noexcept;

    void begin_epoch(std::int64_t epoch) override;
    bool next(Tensors& batch) override;
    std::int64_t samples() const override;
    std::int64_t batches() const override;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace weft::data
