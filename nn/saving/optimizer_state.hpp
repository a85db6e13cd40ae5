// An optimizer's state in files: how often it stepped, and what it keeps for each weight.
#pragma once

#include <weft/data/hdf5_file.hpp>
#include <weft/nn/model.hpp>
#include <weft/nn/saving/assignment.hpp>
#include <weft/nn/saving/keras_version.hpp>

#include <string>
#include <vector>

namespace weft::nn::saving {

/// The variables as Keras 3 orders them: iteration, learning_rate (none if it follows a schedule), then the slots of
/// the weights that are trained. None before compile. A name is a path: "adam/dense_kernel_momentum".
std::vector<NamedTensor> optimizer_variables(const Model& model);

/// A variable in a file.
struct SavedVariable {
    data::Hdf5Object group;
    std::string dataset;
};

/// What a file says of an optimizer of the same kind: nothing of it is read or taken over yet, but for the number of
/// steps.
struct OptimizerState {
    std::int64_t iterations = 0;
    std::vector<Assignment> slots;
};

/// In the layout of the writer's version. The learning rate is the settings' business. Throws FileError if the
/// variables do not fit.
OptimizerState optimizer_state(const Model& model, const std::vector<SavedVariable>& saved, const Writer& writer);

}  // namespace weft::nn::saving
