// A picture of a training's history, as SVG: every browser shows it.
#pragma once

#include <weft/nn/history.hpp>

#include <string>
#include <vector>

namespace examples {

/// One panel for each name in `panels` ("loss", "accuracy"), each with the training curve and, if there is one, the
/// validation curve "val_" + name. Throws weft::FileError.
void write_learning_curves(const weft::nn::History& history, const std::vector<std::string>& panels,
                           const std::string& title, const std::string& path);

}  // namespace examples
