#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/optim/norm.hpp>
#include <weft/optim/optimizer.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

namespace weft::optim {
namespace {

void check_rate(double value, const char* what, const std::string& where) {
    if (!(value >= 0 && std::isfinite(value)))
        throw ValueError(
            fmt::format("{}: the {} must be a finite number of at least 0; received {}", where, what, value));
}

void check_parameter(const Tensor& parameter, const std::string& where) {
    if (!parameter.defined())
        throw ValueError(
            fmt::format("{}: the parameters must be tensors with a value; received an undefined one", where));
    if (!is_floating(parameter.dtype()))
        throw DTypeError(fmt::format("{}: parameters are float32 or float64; received {}", where, describe(parameter)));
    if (!parameter.is_leaf())
        throw GraphError(fmt::format("{}: a parameter must be a leaf; received {}, the result of a recorded operation. "
                                     "Give the tensors that it was computed from, or its detach().",
                                     where, describe(parameter)));
}

}  // namespace

void Optimizer::set_groups(const std::vector<Group>& groups) {
    const std::string where = keras_class();
    std::unordered_set<const void*> seen;
    for (const Group& group : groups) {
        if (group.lr) check_rate(*group.lr, "learning rate of a group", where);
        if (group.weight_decay) check_rate(*group.weight_decay, "weight decay of a group", where);
        if (group.lr && options_.lr == 0)
            throw ValueError(
                fmt::format("{}: a group's learning rate is kept as a ratio to the optimizer's, which must "
                            "therefore be above 0; received 0",
                            where));
        for (const Tensor& parameter : group.parameters) {
            check_parameter(parameter, where);
            if (!seen.insert(parameter.impl()).second)
                throw ValueError(
                    fmt::format("{}: each parameter may be given once; {} is there twice", where, describe(parameter)));
            entries_.push_back({parameter, {}, group.lr ? *group.lr / options_.lr : 1.0,
                                group.weight_decay.value_or(options_.weight_decay.value_or(0))});
        }
    }
    if (entries_.empty())
        throw ValueError(fmt::format("{}: there must be at least one parameter; received an empty list. Register a "
                                     "module's tensors and layers by parameter() and module().", where));
}

Tensors Optimizer::parameters() const {
    Tensors all;
    for (const Entry& entry : entries_) all.push_back(entry.parameter);
    return all;
}

void Optimizer::set_learning_rate(double rate) {
    check_rate(rate, "learning rate", keras_class());
    if (schedule_)
        throw ValueError(fmt::format("{}: its learning rate follows {}, and cannot be set", keras_class(),
                                     schedule_->keras_class()));
    options_.lr = rate;
}

void Optimizer::set_schedule(const Schedule& schedule) {
    check_rate(schedule(0), "learning rate of the first step", keras_class());
    schedule_ = schedule;
    options_.lr = schedule(0);
}

void Optimizer::set_iterations(std::int64_t iterations) {
    if (iterations < 0)
        throw ValueError(
            fmt::format("{}: the number of iterations must not be negative; received {}", keras_class(), iterations));
    iterations_ = iterations;
}

std::vector<Slot> Optimizer::slots(const Tensor& parameter) {
    const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& candidate) { return candidate.parameter.is(parameter); });
    if (entry == entries_.end())
        throw ValueError(
            fmt::format("{}: slots are kept for the optimizer's own parameters; received {}, which is none of its {}",
                        keras_class(), describe(parameter), entries_.size()));
    prepare_slots(*entry);
    const std::vector<std::string> names = slot_names();
    std::vector<Slot> named;
    for (std::size_t i = 0; i < names.size(); ++i) named.push_back({names[i], entry->slots[i]});
    return named;
}

void Optimizer::prepare_slots(Entry& entry) const {
    const Tensor& parameter = entry.parameter;
    if (entry.slots.empty()) {
        const std::size_t count = slot_names().size();
        for (std::size_t i = 0; i < count; ++i)
            entry.slots.push_back(Tensor(full_array(parameter.shape(), initial_value(i), parameter.dtype())));
    }
    for (Tensor& slot : entry.slots)  // a module's to() changes the parameter's element type
        if (slot.dtype() != parameter.dtype()) slot = Tensor(cast(slot.data(), parameter.dtype()));
}

void Optimizer::clip(Tensors& gradients) const {
    if (options_.global_clipnorm) {
        const double norm = norm_of(gradients);
        if (norm > *options_.global_clipnorm)
            for (Tensor& gradient : gradients) gradient = gradient * (*options_.global_clipnorm / norm);
    }
    for (Tensor& gradient : gradients) {
        if (options_.clipnorm) {
            const double norm = norm_of({gradient});
            if (norm > *options_.clipnorm) gradient = gradient * (*options_.clipnorm / norm);
        }
        if (options_.clipvalue) gradient = weft::clip(gradient, -*options_.clipvalue, *options_.clipvalue);
    }
}

void Optimizer::step() {
    if (entries_.empty())
        throw ValueError(
            fmt::format("{0}: a step needs parameters; this one was made from options alone. Give them: "
                        "{0}(model.parameters(), options).",
                        keras_class()));
    const NoGrad guard;
    std::vector<Entry*> moved;
    Tensors gradients;
    for (Entry& entry : entries_) {
        Tensor gradient = entry.parameter.grad();  // undefined too where none is required
        if (!gradient.defined()) continue;
        if (gradient.dtype() != entry.parameter.dtype() || gradient.shape() != entry.parameter.shape())
            throw DTypeError(
                fmt::format("{}: the gradient of {} must be of the same type and shape; received {}. Call zero_grad() "
                            "after converting a model.",
                            keras_class(), describe(entry.parameter), describe(gradient)));
        prepare_slots(entry);
        moved.push_back(&entry);
        gradients.push_back(std::move(gradient));
    }
    const double all_rate = learning_rate();
    check_rate(all_rate, "learning rate", keras_class());
    clip(gradients);
    for (std::size_t i = 0; i < moved.size(); ++i) {
        const double rate = all_rate * moved[i]->relative_rate;
        update(moved[i]->parameter, gradients[i], moved[i]->slots,
               {rate, rate * moved[i]->weight_decay, iterations_ + 1});
    }
    ++iterations_;
}

void Optimizer::zero_grad() {
    for (Entry& entry : entries_) entry.parameter.zero_grad();
}

}  // namespace weft::optim
