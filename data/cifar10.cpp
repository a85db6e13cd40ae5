#include <weft/autograd/error.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/memory.hpp>
#include <weft/data/cache.hpp>
#include <weft/data/cifar10.hpp>
#include <weft/data/gzip.hpp>

#include <fmt/core.h>

#include <cstdint>

namespace weft::data {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t side = 32, plane = side * side, channels = 3, classes = 10;
constexpr std::int64_t record = 1 + channels * plane;  // a label, then the planes of red, green and blue
constexpr std::int64_t most_records = 10000;           // in a batch

// All batches one after another.
Dataset read(const std::vector<fs::path>& paths) {
    std::vector<std::vector<std::uint8_t>> batches;
    std::int64_t count = 0;
    for (const fs::path& path : paths) {
        batches.push_back(read_file(path, static_cast<std::size_t>(most_records * record)));
        const auto bytes = static_cast<std::int64_t>(batches.back().size());
        if (bytes == 0 || bytes % record)
            throw FileError(
                fmt::format("{}: a batch of CIFAR-10 is a number of images of {} bytes each; this file holds {} bytes",
                            path.string(), record, bytes));
        count += bytes / record;
    }
    Array x({count, side, side, channels}, float32), y({count}, int64);
    std::int64_t first = 0;
    for (std::size_t b = 0; b < batches.size(); ++b) {
        const std::uint8_t* bytes = batches[b].data();
        const auto images = static_cast<std::int64_t>(batches[b].size()) / record;
        for (std::int64_t i = 0; i < images; ++i) {
            if (bytes[i * record] >= classes)
                throw FileError(fmt::format("{}: image {} has the label {}; expected 0 to {}", paths[b].string(), i,
                                            bytes[i * record], classes - 1));
            y.data<std::int64_t>()[first + i] = bytes[i * record];
        }
        kernels::parallel_for(images, 16, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) {
                const std::uint8_t* from = bytes + i * record + 1;
                float* to = x.data<float>() + (first + i) * channels * plane;
                for (std::int64_t pixel = 0; pixel < plane; ++pixel)
                    for (std::int64_t c = 0; c < channels; ++c)
                        *to++ = static_cast<float>(from[c * plane + pixel]) / 255.0f;
            }
        });
        first += images;
    }
    return {Tensor(std::move(x)), Tensor(std::move(y))};
}

}  // namespace

Cifar10 cifar10(const Cifar10Options& options) {
    const std::string advice =
        "It comes from https://www.cs.toronto.edu/~kriz/cifar.html: unpack cifar-10-binary.tar.gz there.";
    const std::string test = "test_batch.bin";
    const fs::path folder = locate({.name = "cifar10", .files = {{test}}, .advice = advice}, options.folder);
    Cifar10 all;
    std::vector<fs::path> paths;
    for (int i = 1; i <= 5; ++i) {
        const std::string name = fmt::format("data_batch_{}.bin", i);
        const fs::path path = packed_or_not(folder, name);
        if (path.empty()) continue;
        paths.push_back(path);
        all.batches.push_back(name);
    }
    if (paths.empty())
        throw FileError(fmt::format(
            "cifar10: {} holds {}, but none of data_batch_1.bin to data_batch_5.bin (each may end in .gz). {}",
            folder.string(), test, advice));
    all.train = read(paths);
    all.test = read({packed_or_not(folder, test)});
    release_memory();
    return all;
}

}  // namespace weft::data
