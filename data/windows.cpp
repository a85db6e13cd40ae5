#include <weft/autograd/error.hpp>
#include <weft/data/windows.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace weft::data {
namespace {

void at_least(const char* where, const char* name, std::int64_t least, std::int64_t value) {
    if (value < least)
        throw ValueError(fmt::format("{}: {} must be at least {}; received {}", where, name, least, value));
}

void check_steps(const char* where, const char* what, const Tensor& x) {
    if (!x.defined() || x.rank() == 0)
        throw ShapeError(fmt::format("{}: {} must have a first axis of steps; received {}", where, what,
                                     x.defined() ? describe(x) : "an undefined tensor"));
}

// Steps start, start + rate, ... of x for each start: [starts, length, ...].
Tensor windows(const Array& x, const std::vector<std::int64_t>& starts, std::int64_t length, std::int64_t rate,
               Buffers& buffers) {
    Shape shape = x.shape();
    shape[0] = length;
    shape.insert(0, static_cast<std::int64_t>(starts.size()));
    Array result = buffers.take(shape, x.dtype());
    const std::size_t step = x.bytes() / static_cast<std::size_t>(x.shape().front());
    const std::byte* from = x.data<std::byte>();
    std::byte* to = result.data<std::byte>();
    const std::int64_t runs = rate == 1 ? 1 : length;
    const std::size_t run = step * static_cast<std::size_t>(length / runs);
    for (const std::int64_t start : starts)
        for (std::int64_t i = 0; i < runs; ++i, to += run)
            std::memcpy(to, from + static_cast<std::size_t>(start + i * rate) * step, run);
    return Tensor(std::move(result));
}

// The start of each sample's window.
template <class F>
std::vector<std::int64_t> starts_of(std::span<const std::int64_t> numbers, F&& start) {
    std::vector<std::int64_t> starts(numbers.size());
    std::transform(numbers.begin(), numbers.end(), starts.begin(), start);
    return starts;
}

}  // namespace

Samples token_windows(const Tensor& tokens, std::int64_t length, const TokenWindowOptions& options) {
    const char* where = "token_windows";
    check_steps(where, "the corpus", tokens);
    at_least(where, "length", 1, length);
    at_least(where, "stride", 0, options.stride);
    at_least(where, "lanes", 1, options.lanes);
    const std::int64_t stride = options.stride ? options.stride : length, lanes = options.lanes;
    const std::int64_t lane = (tokens.shape(0) - 1) / lanes;  // the last token of a lane is the next one's first
    if (lane < length)
        throw ShapeError(fmt::format("{}: a window of {} tokens and the one that follows need {} tokens in each lane; "
                                     "received {} in {} lane{}", where, length, length + 1, describe(tokens), lanes,
                                     lanes == 1 ? "" : "s"));
    const std::int64_t windows_of_lane = (lane - length) / stride + 1;
    const Array corpus = tokens.data(), shifted = corpus.rows(1, tokens.shape(0));
    return {
        windows_of_lane * lanes, [=](std::span<const std::int64_t> numbers, Buffers& buffers) {
            const auto starts =
                starts_of(numbers, [=](std::int64_t i) { return i % lanes * lane + i / lanes * stride; });
            return Tensors{windows(corpus, starts, length, 1, buffers), windows(shifted, starts, length, 1, buffers)};
        }};
}

Samples timeseries_windows(const Tensor& data, const Tensor& targets, std::int64_t sequence_length,
                           const TimeseriesOptions& options) {
    const char* where = "timeseries_windows";
    check_steps(where, "the data", data);
    if (targets.defined()) check_steps(where, "the targets", targets);
    at_least(where, "sequence_length", 1, sequence_length);
    at_least(where, "sequence_stride", 1, options.sequence_stride);
    at_least(where, "sampling_rate", 1, options.sampling_rate);
    const std::int64_t n = data.shape(0), begin = options.start_index;
    const std::int64_t end = options.end_index == None ? n : options.end_index;
    if (begin < 0 || end > n || begin >= end)
        throw ValueError(
            fmt::format("{}: start_index and end_index must name a part of the data, {}; received {} and {}", where,
                        describe(data), begin, end));
    // Division first: a product of what the caller gives might overflow.
    const std::int64_t room = end - begin - 1;
    std::int64_t possible = sequence_length - 1 > room / options.sampling_rate
                                ? 0
                                : room - (sequence_length - 1) * options.sampling_rate + 1;
    if (possible == 0)
        throw ShapeError(
            fmt::format("{}: the steps {}..{} of the data, {}, hold no window of {} steps, each {} after the "
                        "one before",
                        where, begin, end, describe(data), sequence_length, options.sampling_rate));
    if (targets.defined()) {
        possible = std::min(possible, targets.shape(0) - begin);
        if (possible <= 0)
            throw ShapeError(
                fmt::format("{}: the first window begins at step {}, for which there is no target; received "
                            "targets {}",
                            where, begin, describe(targets)));
    }
    const std::int64_t stride = options.sequence_stride, rate = options.sampling_rate;
    return {(possible - 1) / stride + 1, [=](std::span<const std::int64_t> numbers, Buffers& buffers) {
                const auto starts = starts_of(numbers, [=](std::int64_t i) { return begin + i * stride; });
                Tensors made{windows(data.data(), starts, sequence_length, rate, buffers)};
                if (targets.defined()) {
                    const Tensor rows = windows(targets.data(), starts, 1, 1, buffers);
                    Shape shape = targets.shape();
                    shape[0] = static_cast<std::int64_t>(starts.size());
                    made.push_back(Tensor(rows.data().reshaped(shape)));
                }
                return made;
            }};
}

}  // namespace weft::data
