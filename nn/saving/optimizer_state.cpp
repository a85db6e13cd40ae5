#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/data/hdf5_dataset.hpp>
#include <weft/nn/saving/layer_order.hpp>
#include <weft/nn/saving/optimizer_state.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace weft::nn::saving {
namespace {

// Where each slot of each weight stands: those that are interleaved weight by weight, then each further one of all.
std::vector<std::pair<std::size_t, std::size_t>> layout(std::size_t weights, std::size_t slots,
                                                        std::size_t interleaved) {
    std::vector<std::pair<std::size_t, std::size_t>> order;
    for (std::size_t w = 0; w < weights; ++w)
        for (std::size_t s = 0; s < interleaved; ++s) order.emplace_back(w, s);
    for (std::size_t s = interleaved; s < slots; ++s)
        for (std::size_t w = 0; w < weights; ++w) order.emplace_back(w, s);
    return order;
}

std::string joined(std::string path) {
    std::replace(path.begin(), path.end(), '/', '_');
    return path;
}

}  // namespace

std::vector<NamedTensor> optimizer_variables(const Model& model) {
    if (!model.compiled()) return {};
    const NoGrad off_tape;
    optim::Optimizer& optimizer = model.optimizer();
    const std::string prefix = lower(optimizer.keras_class());
    std::vector<NamedTensor> variables;
    const auto add = [&](const std::string& name, const Tensor& value) {
        variables.push_back({prefix + "/" + name, value});
    };
    add("iteration", full({}, static_cast<double>(optimizer.iterations()), int64));
    if (!optimizer.schedule()) add("learning_rate", full({}, optimizer.learning_rate(), float32));
    const std::vector<NamedTensor> weights = trained_weights(model);
    std::vector<std::vector<optim::Slot>> slots;
    for (const NamedTensor& weight : weights) slots.push_back(optimizer.slots(weight.tensor));
    const std::size_t count = optimizer.slot_names().size();
    for (const auto& [w, s] : layout(weights.size(), count, std::min(count, optimizer.interleaved_slots())))
        add(joined(weights[w].name) + "_" + slots[w][s].name, slots[w][s].value);
    return variables;
}

OptimizerState optimizer_state(const Model& model, const std::vector<SavedVariable>& saved, const Writer& writer) {
    OptimizerState state{.iterations = model.optimizer().iterations(), .slots = {}};
    if (saved.empty()) return state;
    const NoGrad off_tape;
    optim::Optimizer& optimizer = model.optimizer();
    const std::string where = saved.front().group.where();
    std::vector<Shape> shapes;
    for (const SavedVariable& variable : saved) shapes.push_back(variable.group.dataset(variable.dataset).shape());

    // Numbers come first: iterations, but for some optimizers of Keras 2, and Keras 3's learning rate.
    std::size_t begin = 0;
    state.iterations = 0;
    if (shapes[0].empty()) {
        const double value = saved[0].group.read(saved[0].dataset).item<double>();
        if (!(value >= 0 && value < 9e15))
            throw FileError(fmt::format("{}/{}: a number of steps cannot be {}", where, saved[0].dataset, value));
        state.iterations = static_cast<std::int64_t>(value);
        begin = 1;
    }
    if (begin < shapes.size() && shapes[begin].empty()) ++begin;

    const std::vector<NamedTensor> weights = trained_weights(model);
    const std::size_t count = optimizer.slot_names().size(), kept = saved.size() - begin;
    const bool grouped = writer.version.known() && !writer.version.at_least(2, 11);
    const std::size_t interleaved = grouped ? 0 : std::min(count, optimizer.interleaved_slots());
    // Before 2.11 there were momenta that no momentum used, and amsgrad's largest values as single zeros.
    const bool unused = grouped || count == 0;
    if (kept != 0 && kept != weights.size() * count &&
        !(unused && kept > weights.size() * count && kept % weights.size() == 0))
        throw FileError(
            fmt::format("{}: it holds {} variables of an optimizer; {} keeps {} for each of the {} trained weights",
                        where, kept, optimizer.keras_class(), count, weights.size()));
    if (kept != 0) {
        std::size_t i = begin;
        for (const auto& [w, s] : layout(weights.size(), count, interleaved)) {
            const Tensor slot = optimizer.slots(weights[w].tensor)[s].value;
            if (shapes[i] != slot.shape())
                throw FileError(fmt::format("{}/{}: its shape is {}; {}'s {} of '{}' is {}", where, saved[i].dataset,
                                            str(shapes[i]), optimizer.keras_class(), optimizer.slot_names()[s],
                                            weights[w].name, describe(slot)));
            state.slots.push_back({slot, saved[i].group, saved[i].dataset});
            ++i;
        }
    }
    return state;
}

}  // namespace weft::nn::saving
