// MNIST (handwritten digits) and Fashion-MNIST (clothes): 60,000 training and 10,000 test images of ten classes.
#pragma once

#include <weft/data/dataset.hpp>

#include <filesystem>

namespace weft::data {

struct MnistOptions {
    std::filesystem::path folder = {};  ///< where the four IDX files lie; else they are looked for, see cache.hpp
    bool download = true;               ///< whether they may be fetched if they are nowhere
};

/// x: float32 [n, 28, 28, 1] in 0..1; y: int64 [n], the digit. Looks in $WEFT_DATA/mnist, then in the user's cache,
/// then downloads. Throws FileError.
TrainTest mnist(const MnistOptions& options = {});

/// The same for Fashion-MNIST: in $WEFT_DATA/fashion_mnist, the user's cache, /usr/share/datasets/fashion-mnist. The
/// classes are T-shirt, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot.
TrainTest fashion_mnist(const MnistOptions& options = {});

}  // namespace weft::data
