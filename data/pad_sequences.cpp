#include <weft/autograd/error.hpp>
#include <weft/data/pad_sequences.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace weft::data {
namespace {

bool is_pre(const char* option, const std::string& value) {
    if (value != "pre" && value != "post")
        throw ValueError(fmt::format("pad_sequences: {} must be \"pre\" or \"post\"; received \"{}\"", option, value));
    return value == "pre";
}

// The shape of a step; that of the first sequence which has any.
Shape step_shape(const Tensors& sequences) {
    Shape shape;
    for (std::size_t i = 0, known = sequences.size(); i < sequences.size(); ++i) {
        const Tensor& x = sequences[i];
        if (!x.defined() || x.rank() == 0)
            throw ShapeError(
                fmt::format("pad_sequences: each sequence must have a first axis of steps; sequence {} is {}", i,
                            x.defined() ? describe(x) : "an undefined tensor"));
        if (x.dtype() != sequences[0].dtype())
            throw DTypeError(fmt::format("pad_sequences: all sequences must have one element type; sequence 0 is {}, "
                                         "sequence {} is {}", describe(sequences[0]), i, describe(x)));
        if (x.shape(0) == 0) continue;
        Shape step = x.shape();
        step.erase(0);
        if (known == sequences.size()) shape = step, known = i;
        if (step != shape)
            throw ShapeError(
                fmt::format("pad_sequences: the steps of all sequences must have one shape; sequence {} is {}, "
                            "sequence {} is {}",
                            known, describe(sequences[known]), i, describe(x)));
    }
    return shape;
}

}  // namespace

Tensor pad_sequences(const Tensors& sequences, const PadOptions& options) {
    const bool pad_before = is_pre("padding", options.padding), cut_before = is_pre("truncating", options.truncating);
    if (sequences.empty()) throw ValueError("pad_sequences: expects at least one sequence; received none");
    if (options.maxlen != None && options.maxlen < 0)
        throw ValueError(fmt::format("pad_sequences: maxlen must not be negative; received {}", options.maxlen));
    Shape shape = step_shape(sequences);
    std::int64_t length = options.maxlen;
    if (length == None)
        for (const Tensor& x : sequences) length = std::max(length, x.shape(0));
    shape.insert(0, length);
    shape.insert(0, static_cast<std::int64_t>(sequences.size()));

    Array result = full_array(shape, options.value, sequences[0].dtype());
    if (result.elements() == 0) return Tensor(std::move(result));
    const std::size_t row = result.bytes() / sequences.size(), step = row / static_cast<std::size_t>(length);
    for (std::size_t i = 0; i < sequences.size(); ++i) {
        const std::int64_t steps = sequences[i].shape(0), kept = std::min(steps, length);
        const std::int64_t skipped = cut_before ? steps - kept : 0, ahead = pad_before ? length - kept : 0;
        std::memcpy(result.data<std::byte>() + i * row + static_cast<std::size_t>(ahead) * step,
                    sequences[i].data().data<std::byte>() + static_cast<std::size_t>(skipped) * step,
                    static_cast<std::size_t>(kept) * step);
    }
    return Tensor(std::move(result));
}

Tensor pad_sequences(const std::vector<std::vector<std::int64_t>>& sequences, const PadOptions& options) {
    Tensors tensors;
    for (const std::vector<std::int64_t>& sequence : sequences) {
        Array steps({static_cast<std::int64_t>(sequence.size())}, int64);
        std::copy(sequence.begin(), sequence.end(), steps.data<std::int64_t>());
        tensors.emplace_back(std::move(steps));
    }
    return pad_sequences(tensors, options);
}

}  // namespace weft::data
