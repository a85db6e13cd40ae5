#include <weft/autograd/error.hpp>
#include <weft/autograd/random.hpp>
#include <weft/data/bucket_loader.hpp>
#include <weft/data/pad_sequences.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

namespace weft::data {
namespace {

constexpr std::uint64_t batch_stream = 0x62617463;  // keeps the batches' order apart from the samples'

void check(const std::vector<Tensors>& columns) {
    if (columns.empty()) throw ValueError("BucketLoader: expects at least one column of sequences; received none");
    for (std::size_t c = 0; c < columns.size(); ++c) {
        if (columns[c].size() != columns[0].size())
            throw ShapeError(fmt::format("BucketLoader: all columns must have equally many samples; column 0 has {}, "
                                         "column {} has {}", columns[0].size(), c, columns[c].size()));
        for (std::size_t i = 0; i < columns[c].size(); ++i) {
            const Tensor& x = columns[c][i];
            if (!x.defined() || (c == 0 && x.rank() == 0) || (x.rank() == 0) != (columns[c][0].rank() == 0))
                throw ShapeError(
                    fmt::format("BucketLoader: a sample has steps [steps, ...] or, except in column 0, one "
                                "number, as the others of its column; sample {} of column {} is {}",
                                i, c, x.defined() ? describe(x) : "an undefined tensor"));
        }
        if (columns[c].empty()) continue;
        // What cannot be in one batch is told now, not in the middle of an epoch.
        Tensors ends;
        for (const Tensor& x : columns[c])
            ends.emplace_back(x.rank() == 0 ? x.data().reshaped({1})
                                            : x.data().rows(0, std::min<std::int64_t>(1, x.shape(0))));
        try {
            pad_sequences(ends);
        } catch (const Error& error) {
            const std::string text = fmt::format("BucketLoader: column {}: {}", c, error.what());
            if (dynamic_cast<const DTypeError*>(&error)) throw DTypeError(text);
            throw ShapeError(text);
        }
    }
}

void check(const BucketOptions& options) {
    const auto at_least = [](const char* name, std::int64_t value) {
        if (value < 1) throw ValueError(fmt::format("BucketLoader: {} must be at least 1; received {}", name, value));
    };
    at_least("batch_size", options.batch_size);
    at_least("width", options.width);
    if (options.padding != "pre" && options.padding != "post")
        throw ValueError(fmt::format("BucketLoader: padding must be \"pre\" or \"post\"; received \"{}\"",
                                     options.padding));
}

std::vector<std::int64_t> numbers(std::int64_t n, bool shuffle, std::uint64_t seed, std::int64_t epoch) {
    std::vector<std::int64_t> result(static_cast<std::size_t>(n));
    std::iota(result.begin(), result.end(), 0);
    if (shuffle) {
        const Tensor order = random::permutation(n, Stream{seed, static_cast<std::uint64_t>(epoch)});
        std::copy_n(order.data().data<std::int64_t>(), n, result.begin());
    }
    return result;
}

}  // namespace

BucketLoader::BucketLoader(std::vector<Tensors> columns, const BucketOptions& options)
    : columns_(std::move(columns)), options_(options) {
    check(columns_);
    check(options_);
}

std::int64_t BucketLoader::samples() const { return static_cast<std::int64_t>(columns_[0].size()); }
std::int64_t BucketLoader::batches() const { return (samples() + options_.batch_size - 1) / options_.batch_size; }

void BucketLoader::begin_epoch(std::int64_t epoch) {
    if (epoch < 0) throw ValueError(fmt::format("BucketLoader: an epoch must not be negative; received {}", epoch));
    const auto bucket = [&](std::int64_t i) {
        return columns_[0][static_cast<std::size_t>(i)].shape(0) / options_.width;
    };
    order_ = numbers(samples(), options_.shuffle, options_.seed, epoch);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::int64_t a, std::int64_t b) { return bucket(a) < bucket(b); });
    batches_ = numbers(batches(), options_.shuffle, options_.seed ^ batch_stream, epoch);
    next_ = 0;
}

bool BucketLoader::next(Tensors& batch) {
    if (batches_.empty() && samples() > 0) throw ValueError("BucketLoader: call begin_epoch(epoch) before next(batch)");
    if (next_ == batches_.size()) return false;
    const auto size = static_cast<std::size_t>(options_.batch_size),
               begin = static_cast<std::size_t>(batches_[next_++]) * size;
    const auto members = std::span(order_).subspan(begin, std::min(size, order_.size() - begin));
    Tensors made;
    for (const Tensors& column : columns_) {
        Tensors sequences;
        const bool steps = column[0].rank() > 0;
        for (const std::int64_t i : members) {
            const Array& x = column[static_cast<std::size_t>(i)].data();
            sequences.emplace_back(steps ? x : x.reshaped({1}));
        }
        const Tensor padded = pad_sequences(sequences, {.padding = options_.padding, .value = options_.value});
        made.push_back(steps ? padded : Tensor(padded.data().reshaped({padded.shape(0)})));
    }
    if (options_.weights) {
        Tensors given;
        for (const std::int64_t i : members)
            given.emplace_back(full_array({columns_[0][static_cast<std::size_t>(i)].shape(0)}, 1, float32));
        made.push_back(pad_sequences(given, {.padding = options_.padding}));
    }
    batch = std::move(made);
    return true;
}

}  // namespace weft::data
