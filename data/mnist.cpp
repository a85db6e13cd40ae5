#include <weft/autograd/error.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/memory.hpp>
#include <weft/data/cache.hpp>
#include <weft/data/idx.hpp>
#include <weft/data/mnist.hpp>

namespace weft::data {
namespace {

Tensor to_unit_interval(const Tensor& bytes, const Shape& shape) {
    Array result(shape, float32);
    const std::uint8_t* from = bytes.data().data<std::uint8_t>();
    float* to = result.data<float>();
    kernels::parallel_for(result.elements(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) to[i] = static_cast<float>(from[i]) / 255.0f;
    });
    return Tensor(std::move(result));
}

Dataset read(const std::filesystem::path& folder, const std::string& part) {
    const Tensor images = read_idx(packed_or_not(folder, part + "-images-idx3-ubyte"), {.shape = {None, 28, 28}});
    const std::int64_t count = images.shape(0);
    const Tensor labels = read_idx(packed_or_not(folder, part + "-labels-idx1-ubyte"), {.shape = {count}});
    return {to_unit_interval(images, {count, 28, 28, 1}), labels.to(int64)};
}

TrainTest load(const DataSet& set, const MnistOptions& options) {
    const std::filesystem::path folder = locate(set, options.folder, options.download);
    TrainTest all{read(folder, "train"), read(folder, "t10k")};
    release_memory();  // the bytes that the images were read as: the pool would keep them for ever
    return all;
}

}  // namespace

// Sizes and checksums are of the unpacked files.
TrainTest mnist(const MnistOptions& options) {
    return load({.name = "mnist",
                 .files = {{"train-images-idx3-ubyte", {47040016, 0xe9f4d8b3}},
                           {"train-labels-idx1-ubyte", {60008, 0xe0cb4ad2}},
                           {"t10k-images-idx3-ubyte", {7840016, 0x91373bdf}},
                           {"t10k-labels-idx1-ubyte", {10008, 0x4ab9eff9}}},
                 .addresses = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                               "https://storage.googleapis.com/cvdf-datasets/mnist/"},
                 .advice = "Fashion-MNIST, of the same form, comes with Debian: apt install dataset-fashion-mnist, "
                           "and fashion_mnist() finds it."},
                options);
}

TrainTest fashion_mnist(const MnistOptions& options) {
    return load({.name = "fashion_mnist",
                 .files = {{"train-images-idx3-ubyte", {47040016, 0xb4f29f28}},
                           {"train-labels-idx1-ubyte", {60008, 0x741a4657}},
                           {"t10k-images-idx3-ubyte", {7840016, 0x678fe0b1}},
                           {"t10k-labels-idx1-ubyte", {10008, 0x80142c1f}}},
                 .addresses = {"https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
                               "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"},
                 .system_folder = "/usr/share/datasets/fashion-mnist",
                 .advice = "On Debian: apt install dataset-fashion-mnist."},
                options);
}

}  // namespace weft::data
