// CIFAR-10 (Krizhevsky 2009): small colour photographs of ten classes: airplane, automobile, bird, cat, deer, dog,
// frog, horse, ship, truck.
#pragma once

#include <weft/data/dataset.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace weft::data {

struct Cifar10Options {
    std::filesystem::path folder = {};  ///< where the binary batches lie; else they are looked for, see cache.hpp
};

/// auto [train, test, batches] = data::cifar10();
struct Cifar10 {
    Dataset train, test;
    std::vector<std::string> batches;  ///< the training batches that were found, "data_batch_1.bin"
};

/// x: float32 [n, 32, 32, 3] in 0..1; y: int64 [n], the class. Reads whichever of the five training batches lie beside
/// test_batch.bin (the binary version; each may be gzip, ending in .gz), in $WEFT_DATA/cifar10 or the user's cache.
/// Throws FileError: nowhere, no training batch, truncated, a label above 9.
Cifar10 cifar10(const Cifar10Options& options = {});

}  // namespace weft::data
