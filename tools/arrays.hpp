// Arrays named on the command line: x.npy, x.npz:name, x.h5:dataset.
#pragma once

#include "sandbox.hpp"

#include <weft/autograd/tensor.hpp>
#include <weft/nn/model.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weft::tools {

/// The file of "x.h5:dataset", and the name of the array in it: "" if there is none. A file whose own name has a colon
/// is taken for itself.
std::pair<std::string, std::string> file_and_name(const std::string& place);
/// Their files alone.
std::vector<std::string> files_of(const std::vector<std::string>& places);

/// Reads an array; what the file is follows from its content. Throws FileError, also for several arrays and no name.
Tensor read_array(const std::string& place, Sandbox& sandbox);
/// The model's inputs in order, as the types it computes with. Throws ValueError for another number of them.
Tensors read_inputs(const nn::Model& model, const std::vector<std::string>& places, Sandbox& sandbox);

/// Progress bars go to stderr while this lives: stdout is for results.
class BarsOnStderr {
public:
    BarsOnStderr();
    ~BarsOnStderr();
    BarsOnStderr(const BarsOnStderr&) = delete;
    BarsOnStderr& operator=(const BarsOnStderr&) = delete;
    /// For the options of predict and evaluate: bars are for terminals.
    int verbose() const { return verbose_; }

private:
    int stdout_, verbose_;
};

}  // namespace weft::tools
