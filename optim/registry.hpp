// Optimizers by name.
#pragma once

#include <weft/optim/optimizer.hpp>

#include <memory>
#include <string>
#include <vector>

namespace weft::optim {

/// An optimizer without parameters, by Keras's name in any case ("adam", "RMSprop"), with settings under Keras's names;
/// those not given keep their defaults. Throws ValueError for an unknown name, listing the known ones, or setting.
std::unique_ptr<Optimizer> make(const std::string& name, const Settings& settings = {});

/// The names that make() knows, in alphabetical order and lower case.
std::vector<std::string> names();

/// Makes an optimizer known to make(), for as long as the program runs: a static one beside each optimizer.
struct Registration {
    using Factory = std::unique_ptr<Optimizer> (*)(const Settings&);
    Registration(const std::string& keras_class, Factory factory);
};

}  // namespace weft::optim
