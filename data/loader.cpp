#include <weft/autograd/error.hpp>
#include <weft/autograd/kernels/copy.hpp>
#include <weft/autograd/random.hpp>
#include <weft/data/loader.hpp>
#include <weft/data/prefetch.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <optional>

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

// Copies rows in parts too small for the kernel to share among threads: those belong to the training step meanwhile.
Tensor gather(const Tensor& x, const std::int64_t* index, std::int64_t count) {
    Shape shape = x.shape();
    shape[0] = count;
    Array result(shape, x.dtype());
    const std::size_t row = x.data().bytes() / static_cast<std::size_t>(x.shape(0));
    const auto part = std::clamp<std::int64_t>(65536 / static_cast<std::int64_t>(row + 1), 1, 16384);
    for (std::int64_t i = 0; i < count; i += part)
        kernels::gather_rows(x.data().data<std::byte>(), index + i, std::min(part, count - i), row,
                             result.data<std::byte>() + static_cast<std::size_t>(i) * row);
    return Tensor(std::move(result));
}

}  // namespace

struct Loader::State {
    Tensors tensors;
    LoaderOptions options;
    Tensor order;                    // of the epoch's samples; undefined if they come as they lie
    std::optional<Prefetch> epoch;  // last: its threads use the rest

    std::int64_t samples() const { return tensors[0].shape(0); }
    std::int64_t batches() const {
        const std::int64_t whole = samples() / options.batch_size, rest = samples() % options.batch_size;
        return whole + (rest > 0 && !options.drop_last);
    }
    Tensors make(std::int64_t batch) const {
        const std::int64_t begin = batch * options.batch_size;
        const std::int64_t end = begin + std::min(options.batch_size, samples() - begin);
        Tensors made;
        for (const Tensor& x : tensors)
            made.push_back(order.defined() ? gather(x, order.data().data<std::int64_t>() + begin, end - begin)
                                           : Tensor(x.data().rows(begin, end)));
        return made;
    }
};

Loader::Loader(Tensors tensors, const LoaderOptions& options) : state_(std::make_unique<State>()) {
    check(tensors, options);
    state_->tensors = std::move(tensors);
    state_->options = options;
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
