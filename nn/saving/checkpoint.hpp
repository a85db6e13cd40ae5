// What fit leaves on disk after each epoch, so that another process can go on.
#pragma once

#include <weft/nn/model.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace weft::nn::saving {

/// What a run of fit needs besides the model and its optimizer: all its randomness follows from the seed and the epoch.
struct FitProgress {
    int epochs = 0;          ///< how many are done
    std::uint64_t seed = 0;  ///< of dropout, and of what the loader draws
    History history;
};

/// Weights, optimizer and progress: a whole model as .keras or .h5, or the weights alone as .weights.h5. Throws
/// FileError.
void write_checkpoint(const Model& model, const std::string& path, const FitProgress& progress);
/// Takes them over into a model that is built and compiled as the one before; nothing if there is no such file yet.
/// Throws FileError, with the model as it was, if it does not fit or is no checkpoint.
std::optional<FitProgress> read_checkpoint(Model& model, const std::string& path);

}  // namespace weft::nn::saving
