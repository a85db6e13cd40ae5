#include <weft/autograd/error.hpp>
#include <weft/autograd/kernels/copy.hpp>
#include <weft/autograd/random.hpp>
#include <weft/data/loader.hpp>
#include <weft/data/prefetch.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace weft::data {
namespace {

constexpr std::size_t most_tensors = 4;  // in a batch of samples that say nothing of it

void check(const Tensors& tensors) {
    if (tensors.empty()) throw ValueError("Loader: expects at least one tensor; received none");
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const Tensor& x = tensors[i];
        if (!x.defined() || x.rank() == 0)
            throw ShapeError(fmt::format("Loader: every tensor must have an axis of samples; tensor {} is {}", i,
                                         describe(x)));
        if (x.shape(0) != tensors[0].shape(0))
            throw ShapeError(fmt::format("Loader: all tensors must have equally many samples, on their first axis; "
                                         "tensor 0 is {}, tensor {} is {}", describe(tensors[0]), i, describe(x)));
    }
}

void check(const LoaderOptions& options) {
    const auto at_least = [](std::int64_t least, const char* name, std::int64_t value) {
        if (value < least)
            throw ValueError(fmt::format("Loader: {} must be at least {}; received {}", name, least, value));
    };
    at_least(1, "batch_size", options.batch_size);
    at_least(0, "prefetch", options.prefetch);
    at_least(0, "workers", options.workers);
}

// Copies rows in parts too small for the kernel to share among threads: those belong to the training step meanwhile.
Array gather(const Array& x, const std::int64_t* index, Array result) {
    const std::int64_t count = result.shape().front();
    const std::size_t row = x.bytes() / static_cast<std::size_t>(x.shape().front());
    const auto part = std::clamp<std::int64_t>(65536 / static_cast<std::int64_t>(row + 1), 1, 16384);
    for (std::int64_t i = 0; i < count; i += part)
        kernels::gather_rows(x.data<std::byte>(), index + i, std::min(part, count - i), row,
                             result.data<std::byte>() + static_cast<std::size_t>(i) * row);
    return result;
}

// The rows of tensors in memory. A batch that is smaller than another takes the front of as large a buffer.
Samples rows_of(const Tensors& tensors, std::int64_t batch_size) {
    const std::int64_t samples = tensors[0].shape(0), most = std::min(batch_size, samples);
    return {samples, [tensors, most](std::span<const std::int64_t> numbers, Buffers& buffers) {
                const auto count = static_cast<std::int64_t>(numbers.size());
                Tensors made;
                for (const Tensor& x : tensors) {
                    Shape shape = x.shape();
                    shape[0] = std::max(most, count);
                    made.emplace_back(gather(x.data(), numbers.data(), buffers.take(shape, x.dtype()).rows(0, count)));
                }
                return made;
            }};
}

}  // namespace

struct Loader::State {
    const Samples all;
    const Tensors tensors;  // the same samples, if they lie in memory
    const LoaderOptions options;
    Tensor order;  // of the epoch's samples; undefined if they come as they lie
    Buffers buffers;
    std::optional<Prefetch> epoch;  // last: its threads use the rest

    State(Samples samples, Tensors given, const LoaderOptions& wanted)
        : all(std::move(samples)),
          tensors(std::move(given)),
          options(wanted),
          // Batches made and being made, the caller's, and the one that is to take its place.
          buffers(std::max(tensors.size(), most_tensors) * (static_cast<std::size_t>(wanted.prefetch) + 2)) {}

    std::int64_t batches() const {
        const std::int64_t whole = all.count / options.batch_size, rest = all.count % options.batch_size;
        return whole + (rest > 0 && !options.drop_last);
    }

    Tensors make(std::int64_t batch) {
        const std::int64_t begin = batch * options.batch_size;
        const std::int64_t count = std::min(options.batch_size, all.count - begin);
        if (order.defined()) return all.gather(order.values<std::int64_t>().subspan(begin, count), buffers);
        if (tensors.empty()) {
            std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
            std::iota(numbers.begin(), numbers.end(), begin);
            return all.gather(numbers, buffers);
        }
        Tensors views;
        for (const Tensor& x : tensors) views.emplace_back(x.data().rows(begin, begin + count));
        return views;
    }
};

Loader::Loader(Tensors tensors, const LoaderOptions& options) {
    check(tensors);
    check(options);
    Samples rows = rows_of(tensors, options.batch_size);
    state_ = std::make_unique<State>(std::move(rows), std::move(tensors), options);
}

Loader::Loader(Samples samples, const LoaderOptions& options) {
    if (samples.count < 0 || !samples.gather)
        throw ValueError(
            fmt::format("Loader: samples need a count that is not negative, and a function that gathers "
                        "them; received count {}{}",
                        samples.count, samples.gather ? "" : " and no function"));
    check(options);
    state_ = std::make_unique<State>(std::move(samples), Tensors{}, options);
}

Loader::~Loader() = default;
Loader::Loader(Loader&&) noexcept = default;
Loader& Loader::operator=(Loader&&) noexcept = default;

void Loader::begin_epoch(std::int64_t epoch) {
    if (epoch < 0) throw ValueError(fmt::format("Loader: an epoch must not be negative; received {}", epoch));
    State& state = *state_;
    state.epoch.reset();  // its threads read the order
    const LoaderOptions& options = state.options;
    const Stream stream{options.seed, static_cast<std::uint64_t>(epoch)};
    if (options.shuffle) state.order = random::permutation(state.all.count, stream);
    // A view is made sooner than a thread is asked for it.
    const int workers = options.shuffle || state.tensors.empty() ? options.workers : 0;
    state.epoch.emplace(state.batches(), [&state](std::int64_t batch) { return state.make(batch); }, options.prefetch,
                        workers);
}

bool Loader::next(Tensors& batch) {
    if (!state_->epoch) throw ValueError("Loader: call begin_epoch(epoch) before next(batch)");
    return state_->epoch->next(batch);
}

std::int64_t Loader::samples() const { return state_->all.count; }
std::int64_t Loader::batches() const { return state_->batches(); }

}  // namespace weft::data
