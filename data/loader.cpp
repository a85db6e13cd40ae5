#include <weft/autograd/error.hpp>
#include <weft/autograd/kernels/copy.hpp>
#include <weft/autograd/random.hpp>
#include <weft/data/loader.hpp>
#include <weft/data/prefetch.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace weft::data {
namespace {

void check(const Tensors& tensors, const LoaderOptions& options) {
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
    const auto at_least = [](std::int64_t least, const char* name, std::int64_t value) {
        if (value < least)
            throw ValueError(fmt::format("Loader: {} must be at least {}; received {}", name, least, value));
    };
    at_least(1, "batch_size", options.batch_size);
    at_least(0, "prefetch", options.prefetch);
    at_least(0, "workers", options.workers);
}

// Memory for batches. What the caller has let go of is used again: it is warm in the cache, and buffers that one thread
// takes from the pool and another gives back would pile up with the latter.
class Buffers {
public:
    explicit Buffers(std::size_t most) : most_(most) {}

    Array take(const Shape& shape, DType dtype) {
        const std::lock_guard lock(mutex_);
        for (const Array& array : kept_)
            if (array.unique() && array.dtype() == dtype && array.shape() == shape) return array;
        Array array(shape, dtype);
        if (kept_.size() < most_) kept_.push_back(array);
        return array;
    }

private:
    const std::size_t most_;
    std::mutex mutex_;
    std::vector<Array> kept_;
};

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

}  // namespace

struct Loader::State {
    const Tensors tensors;
    const LoaderOptions options;
    Tensor order;  // of the epoch's samples; undefined if they come as they lie
    Buffers buffers;
    std::optional<Prefetch> epoch;  // last: its threads use the rest

    State(Tensors given, const LoaderOptions& wanted)
        : tensors(std::move(given)),
          options(wanted),
          // Batches made and being made, the caller's, and the one that is to take its place.
          buffers(tensors.size() * (static_cast<std::size_t>(wanted.prefetch) + 2)) {}

    std::int64_t samples() const { return tensors[0].shape(0); }
    std::int64_t batches() const {
        const std::int64_t whole = samples() / options.batch_size, rest = samples() % options.batch_size;
        return whole + (rest > 0 && !options.drop_last);
    }

    Tensors make(std::int64_t batch) {
        const std::int64_t begin = batch * options.batch_size, most = std::min(options.batch_size, samples());
        const std::int64_t count = std::min(most, samples() - begin);
        Tensors made;
        for (const Tensor& x : tensors) {
            if (order.defined()) {
                Shape shape = x.shape();
                shape[0] = most;
                const std::int64_t* index = order.data().data<std::int64_t>() + begin;
                made.emplace_back(gather(x.data(), index, buffers.take(shape, x.dtype()).rows(0, count)));
            } else {
                made.emplace_back(x.data().rows(begin, begin + count));
            }
        }
        return made;
    }
};

Loader::Loader(Tensors tensors, const LoaderOptions& options) {
    check(tensors, options);
    state_ = std::make_unique<State>(std::move(tensors), options);
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
    if (options.shuffle) state.order = random::permutation(state.samples(), stream);
    // A view is made sooner than a thread is asked for it.
    const int workers = options.shuffle ? options.workers : 0;
    state.epoch.emplace(state.batches(), [&state](std::int64_t batch) { return state.make(batch); }, options.prefetch,
                        workers);
}

bool Loader::next(Tensors& batch) {
    if (!state_->epoch) throw ValueError("Loader: call begin_epoch(epoch) before next(batch)");
    return state_->epoch->next(batch);
}

std::int64_t Loader::samples() const { return state_->samples(); }
std::int64_t Loader::batches() const { return state_->batches(); }

}  // namespace weft::data
