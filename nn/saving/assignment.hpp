// Weights and where their values lie in a file.
#pragma once

#include <weft/data/hdf5_file.hpp>

#include <string>
#include <vector>

namespace weft::nn::saving {

/// A weight that is to take the value of a dataset, or one that has been read and converted already.
struct Assignment {
    Tensor weight;
    data::Hdf5Object group;
    std::string dataset;
    Tensor value = {};
};

/// Throws FileError if the dataset, or the value, does not have the weight's shape, or is no numbers.
void check(const Assignment& assignment);

enum class Overwrite {
    when_all_was_read,  ///< reads everything once before, and keeps nothing of it, so that an error leaves each weight
                        ///< as it was
    at_once,            ///< for a model nobody has seen yet
};

/// Reads and assigns. Shapes and types are checked before the first weight changes. Throws FileError.
void assign(const std::vector<Assignment>& assignments, Overwrite overwrite);

}  // namespace weft::nn::saving
