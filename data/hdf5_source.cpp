#include <weft/autograd/error.hpp>
#include <weft/autograd/random.hpp>
#include <weft/data/hdf5_dataset.hpp>
#include <weft/data/hdf5_source.hpp>
#include <weft/data/prefetch.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <utility>

namespace weft::data {
namespace {

constexpr std::size_t group_bytes = 32u << 20;   // of a group that nobody gave a size
constexpr std::size_t block_bytes = 256u << 10;  // below which a block is mostly seeking

void check(const std::vector<Hdf5Dataset>& datasets, const std::string& path, const Hdf5SourceOptions& options) {
    if (datasets.empty())
        throw ValueError(fmt::format("Hdf5Source: {}: expects at least one dataset's name; received none", path));
    for (const Hdf5Dataset& dataset : datasets) {
        if (dataset.shape().empty())
            throw ShapeError(
                fmt::format("Hdf5Source: {}: must have an axis of samples; it is a single number", dataset.where()));
        if (dataset.shape().front() != datasets[0].shape().front())
            throw ShapeError(fmt::format(
                "Hdf5Source: all datasets must have equally many samples, on their first axis; {} is {}, {} is {}",
                datasets[0].where(), str(datasets[0].shape()), dataset.where(), str(dataset.shape())));
    }
    const auto at_least = [](std::int64_t least, const char* name, std::int64_t value) {
        if (value < least)
            throw ValueError(fmt::format("Hdf5Source: {} must be at least {}; received {}", name, least, value));
    };
    at_least(1, "batch_size", options.batch_size);
    at_least(0, "prefetch", options.prefetch);
    at_least(0, "group_samples", options.group_samples);
}

// Rows that lie in parts of some tensors, one part after another, as one tensor; a view if one part has them all.
Tensor joined(const std::vector<Array>& parts) {
    if (parts.size() == 1) return Tensor(parts[0]);
    Shape shape = parts[0].shape();
    for (std::size_t i = 1; i < parts.size(); ++i) shape[0] += parts[i].shape()[0];
    Array all(shape, parts[0].dtype());
    std::byte* to = all.data<std::byte>();
    for (const Array& part : parts) {
        std::memcpy(to, part.data<std::byte>(), part.bytes());
        to += part.bytes();
    }
    return Tensor(std::move(all));
}

}  // namespace

struct Hdf5Source::State {
    std::vector<Hdf5Dataset> datasets;
    Hdf5SourceOptions options;
    std::int64_t block = 1;             // consecutive samples that are read together
    std::int64_t blocks_in_group = 1;
    std::int64_t number = 0;            // of the epoch
    std::vector<std::int64_t> order;    // of the epoch's blocks
    Tensors group;                      // the one being given out,
    std::int64_t given = 0;             // as far as this
    std::int64_t left = 0;              // samples of the epoch that are still to be given out
    std::optional<Prefetch> groups;     // last: its thread uses the rest

    std::int64_t samples() const { return datasets[0].shape().front(); }
    std::int64_t blocks() const { return (samples() + block - 1) / block; }
    std::int64_t group_count() const { return (blocks() + blocks_in_group - 1) / blocks_in_group; }
    std::int64_t batches() const {
        const std::int64_t whole = samples() / options.batch_size, rest = samples() % options.batch_size;
        return whole + (rest > 0 && !options.drop_last);
    }

    void plan() {
        std::size_t sample = 1;
        std::int64_t chunk = 1;
        for (const Hdf5Dataset& dataset : datasets) {
            const std::int64_t rows = std::max<std::int64_t>(dataset.shape().front(), 1);
            sample += static_cast<std::size_t>(dataset.shape().elements() / rows) * item_size(dataset.dtype());
            chunk = std::max(chunk, dataset.chunk_rows());
        }
        const std::int64_t most = std::max<std::int64_t>(samples(), 1);
        const auto fitting = static_cast<std::int64_t>(group_bytes / sample);
        const std::int64_t wanted =
            std::clamp<std::int64_t>(options.group_samples ? options.group_samples : fitting, 1, most);
        // Whole chunks, enough of them to be worth a seek; but a group that somebody asked for is not exceeded.
        const auto worth = static_cast<std::int64_t>(block_bytes / sample);
        block = std::clamp<std::int64_t>((std::max<std::int64_t>(worth, 1) + chunk - 1) / chunk * chunk, 1, wanted);
        blocks_in_group = std::max<std::int64_t>(wanted / block, 1);
    }

    // Reads a group's blocks; its samples lie shuffled, or as they come.
    Tensors read(std::int64_t index) const {
        const std::int64_t first = index * blocks_in_group, last = std::min(first + blocks_in_group, blocks());
        std::int64_t count = 0;
        for (std::int64_t b = first; b < last; ++b) count += rows_of(b).second - rows_of(b).first;
        std::vector<std::int64_t> place(static_cast<std::size_t>(count));
        std::iota(place.begin(), place.end(), 0);
        if (options.shuffle) {
            const Tensor shuffled = random::permutation(count, stream(index + 1));
            const auto values = shuffled.values<std::int64_t>();
            place.assign(values.begin(), values.end());
        }
        Tensors made;
        for (const Hdf5Dataset& dataset : datasets) {
            Shape shape = dataset.shape();
            shape[0] = count;
            Array all(shape, dataset.dtype());
            const std::size_t row = count ? all.bytes() / static_cast<std::size_t>(count) : 0;
            std::size_t at = 0;
            for (std::int64_t b = first; b < last; ++b) {
                const auto [begin, end] = rows_of(b);
                const Tensor part = dataset.read(begin, end);
                for (std::int64_t i = 0; i < end - begin; ++i, ++at)
                    std::memcpy(all.data<std::byte>() + static_cast<std::size_t>(place[at]) * row,
                                part.data().data<std::byte>() + static_cast<std::size_t>(i) * row, row);
            }
            made.emplace_back(std::move(all));
        }
        return made;
    }

    // The samples of the epoch's b-th block.
    std::pair<std::int64_t, std::int64_t> rows_of(std::int64_t b) const {
        const std::int64_t begin = order[static_cast<std::size_t>(b)] * block;
        return {begin, std::min(begin + block, samples())};
    }

    // Of an epoch, stream 0 is the blocks' order, and the others are the groups'.
    Stream stream(std::int64_t index) const {
        return {options.seed, static_cast<std::uint64_t>(number) << 32 | static_cast<std::uint64_t>(index)};
    }
};

Hdf5Source::Hdf5Source(const std::string& path, const std::vector<std::string>& names, const Hdf5SourceOptions& options)
    : state_(std::make_unique<State>()) {
    const Hdf5Object file = open_hdf5(path);
    for (const std::string& name : names) state_->datasets.push_back(file.dataset(name));
    check(state_->datasets, path, options);
    state_->options = options;
    state_->plan();
}

Hdf5Source::~Hdf5Source() = default;
Hdf5Source::Hdf5Source(Hdf5Source&&) noexcept = default;
Hdf5Source& Hdf5Source::operator=(Hdf5Source&&) noexcept = default;

void Hdf5Source::begin_epoch(std::int64_t epoch) {
    if (epoch < 0) throw ValueError(fmt::format("Hdf5Source: an epoch must not be negative; received {}", epoch));
    State& state = *state_;
    state.groups.reset();  // its thread reads the order
    state.number = epoch;
    state.order.resize(static_cast<std::size_t>(state.blocks()));
    std::iota(state.order.begin(), state.order.end(), 0);
    if (state.options.shuffle) {
        const Tensor shuffled = random::permutation(state.blocks(), state.stream(0));
        const auto values = shuffled.values<std::int64_t>();
        state.order.assign(values.begin(), values.end());
    }
    state.group.clear();
    state.given = 0;
    state.left = state.options.drop_last ? state.batches() * state.options.batch_size : state.samples();
    // One thread: HDF5 does one thing at a time.
    state.groups.emplace(
        state.group_count(), [&state](std::int64_t index) { return state.read(index); }, state.options.prefetch, 1);
}

bool Hdf5Source::next(Tensors& batch) {
    State& state = *state_;
    if (!state.groups) throw ValueError("Hdf5Source: call begin_epoch(epoch) before next(batch)");
    std::int64_t wanted = std::min(state.options.batch_size, state.left);
    if (wanted == 0) return false;
    std::vector<std::vector<Array>> parts(state.datasets.size());
    while (wanted > 0) {
        if (state.group.empty() || state.given == state.group[0].shape(0)) {
            Tensors following;
            state.groups->next(following);
            state.group = std::move(following);
            state.given = 0;
        }
        const std::int64_t count = std::min(wanted, state.group[0].shape(0) - state.given);
        for (std::size_t t = 0; t < parts.size(); ++t)
            parts[t].push_back(state.group[t].data().rows(state.given, state.given + count));
        state.given += count;
        state.left -= count;
        wanted -= count;
    }
    batch.clear();
    for (const std::vector<Array>& rows : parts) batch.push_back(joined(rows));
    return true;
}

std::int64_t Hdf5Source::samples() const { return state_->samples(); }
std::int64_t Hdf5Source::batches() const { return state_->batches(); }

}  // namespace weft::data
