#include <weft/autograd/array.hpp>
#include <weft/autograd/error.hpp>
#include <weft/data/transform.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace weft::data {
namespace {

void require_image(const Tensor& image, const char* where) {
    if (!image.defined() || image.rank() != 3)
        throw ShapeError(
            fmt::format("{}: expects one image [height, width, channels]; received {}", where, describe(image)));
}

// Row i of every tensor, without that axis; shares the memory.
Tensors sample_of(const Tensors& batch, std::int64_t i) {
    Tensors sample;
    for (const Tensor& x : batch) {
        Shape shape = x.shape();
        shape.erase(0);
        sample.emplace_back(x.data().rows(i, i + 1).reshaped(shape));
    }
    return sample;
}

Shape with_samples(Shape shape, std::int64_t count) {
    shape.insert(0, count);
    return shape;
}

}  // namespace

Transformed::Transformed(std::shared_ptr<Source> source, SampleFunction function, const TransformOptions& options)
    : source_(std::move(source)), function_(std::move(function)), options_(options) {
    if (!source_ || !function_) throw ValueError("Transformed: expects a source and a function");
}

void Transformed::begin_epoch(std::int64_t epoch) {
    source_->begin_epoch(epoch);
    epoch_ = epoch;
    given_ = 0;
}

bool Transformed::next(Tensors& batch) {
    Tensors from;
    if (!source_->next(from)) return false;
    const std::int64_t count = from.empty() ? 0 : from[0].shape(0);
    std::vector<Array> made;
    for (std::int64_t i = 0; i < count; ++i) {
        Tensors sample = sample_of(from, i);
        // Room for 256 draws a sample, 2^32 samples an epoch.
        Generator generator(options_.seed,
                            static_cast<std::uint64_t>(epoch_) << 40 | static_cast<std::uint64_t>(given_ + i) << 8);
        function_(sample, generator);
        for (std::size_t t = 0; i == 0 && t < sample.size(); ++t)
            made.emplace_back(with_samples(sample[t].shape(), count), sample[t].dtype());
        if (sample.size() != made.size())
            throw ShapeError(fmt::format(
                "Transformed: the function gave {} tensors for the first sample of a batch, {} for sample {}",
                made.size(), sample.size(), i));
        for (std::size_t t = 0; t < sample.size(); ++t) {
            const Array& row = sample[t].data();
            Array place = made[t].rows(i, i + 1);
            if (row.dtype() != place.dtype() || place.shape() != with_samples(row.shape(), 1))
                throw ShapeError(
                    fmt::format("Transformed: the samples of a batch must have one shape and type; tensor {} of sample "
                                "{} is {}, a batch of the first is {} {}",
                                t, i, describe(sample[t]), name(place.dtype()), str(made[t].shape())));
            std::memcpy(place.data<std::byte>(), row.data<std::byte>(), row.bytes());
        }
    }
    given_ += count;
    batch.clear();
    for (Array& array : made) batch.emplace_back(std::move(array));
    return true;
}

Tensor random_flip(const Tensor& image, Generator& generator) {
    require_image(image, "random_flip");
    if (random::uniform({}, 0, 1, float32, generator).item<float>() < 0.5f) return image;
    const std::int64_t rows = image.shape(0), columns = image.shape(1);
    Array result(image.shape(), image.dtype());
    const std::size_t pixel = static_cast<std::size_t>(image.shape(2)) * item_size(image.dtype());
    const std::byte* from = image.data().data<std::byte>();
    std::byte* to = result.data<std::byte>();
    for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t column = 0; column < columns; ++column)
            std::memcpy(to + static_cast<std::size_t>(row * columns + column) * pixel,
                        from + static_cast<std::size_t>(row * columns + columns - 1 - column) * pixel, pixel);
    return Tensor(std::move(result));
}

Tensor random_shift(const Tensor& image, std::int64_t most, Generator& generator) {
    require_image(image, "random_shift");
    if (most < 0) throw ValueError(fmt::format("random_shift: most must not be negative; received {}", most));
    const Tensor by = random::integers({2}, -most, most + 1, generator);
    const std::int64_t rows = image.shape(0), columns = image.shape(1), down = by.item<std::int64_t>(0),
                       right = by.item<std::int64_t>(1);
    Array result = zeros_array(image.shape(), image.dtype());
    const std::size_t pixel = static_cast<std::size_t>(image.shape(2)) * item_size(image.dtype());
    const std::int64_t kept = columns - std::abs(right);
    for (std::int64_t row = std::max<std::int64_t>(down, 0); row < std::min(rows, rows + down) && kept > 0; ++row)
        std::memcpy(result.data<std::byte>() +
                        static_cast<std::size_t>(row * columns + std::max<std::int64_t>(right, 0)) * pixel,
                    image.data().data<std::byte>() +
                        static_cast<std::size_t>((row - down) * columns - std::min<std::int64_t>(right, 0)) * pixel,
                    static_cast<std::size_t>(kept) * pixel);
    return Tensor(std::move(result));
}

}  // namespace weft::data
