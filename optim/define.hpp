// For the sources of optimizers alone: their table of options, their kernels, and the body of OptimizerOf.
#pragma once

#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/kernels/update.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/optim/optimizer_of.hpp>
#include <weft/optim/registry.hpp>

#include <fmt/format.h>

#include <cmath>
#include <type_traits>

namespace weft::optim {

enum class Range { not_negative, positive, fraction, fraction_or_one };

/// An option: Keras's name for it, where it is kept, what it may be.
template <class Options>
struct Field {
    const char* name;
    std::variant<double Options::*, bool Options::*, std::optional<double> Options::*> member;
    Range range = Range::not_negative;
};

/// What an optimizer's source states of itself.
template <class Options>
struct Description {
    const char* keras_class;
    std::vector<Field<Options>> fields;
};
/// Specialised beside each optimizer.
template <class Options>
const Description<Options>& description();

inline void check_range(double value, Range range, const char* keras_class, const char* field) {
    const char* rule = nullptr;
    if (range == Range::not_negative && !(value >= 0 && std::isfinite(value))) rule = "a finite number of at least 0";
    if (range == Range::positive && !(value > 0 && std::isfinite(value))) rule = "a finite number above 0";
    if (range == Range::fraction && !(value >= 0 && value < 1)) rule = "at least 0 and below 1";
    if (range == Range::fraction_or_one && !(value >= 0 && value <= 1)) rule = "at least 0 and at most 1";
    if (rule) throw ValueError(fmt::format("{}: {} must be {}; received {}", keras_class, field, rule, value));
}

/// Throws ValueError for a value out of range, or more than one kind of clipping.
template <class Options>
CommonOptions checked(const Options& options) {
    const Description<Options>& about = description<Options>();
    for (const Field<Options>& field : about.fields)
        std::visit([&](auto member) {
            const auto& value = options.*member;
            if constexpr (std::is_same_v<decltype(value), const double&>)
                check_range(value, field.range, about.keras_class, field.name);
            if constexpr (std::is_same_v<decltype(value), const std::optional<double>&>)
                if (value) check_range(*value, field.range, about.keras_class, field.name);
        }, field.member);
    if (options.clipnorm.has_value() + options.clipvalue.has_value() + options.global_clipnorm.has_value() > 1)
        throw ValueError(
            fmt::format("{}: only one of clipnorm, clipvalue and global_clipnorm can be set", about.keras_class));
    return {options.lr, options.weight_decay, options.clipnorm, options.clipvalue, options.global_clipnorm};
}

template <class Self, class Options>
OptimizerOf<Self, Options>::OptimizerOf(const Options& options) : Optimizer(checked(options)), given_(options) {}

template <class Self, class Options>
OptimizerOf<Self, Options>::OptimizerOf(const Tensors& parameters, const Options& options)
    : OptimizerOf(std::vector<Group>{{.parameters = parameters}}, options) {}

template <class Self, class Options>
OptimizerOf<Self, Options>::OptimizerOf(const std::vector<Group>& groups, const Options& options)
    : OptimizerOf(options) {
    set_groups(groups);
}

template <class Self, class Options>
Options OptimizerOf<Self, Options>::options() const {
    Options current = given_;
    current.lr = learning_rate();
    return current;
}

template <class Self, class Options>
std::unique_ptr<Optimizer> OptimizerOf<Self, Options>::fresh(const Tensors& parameters) const {
    auto made = parameters.empty() ? std::make_unique<Self>(options()) : std::make_unique<Self>(parameters, options());
    if (schedule()) made->set_schedule(*schedule());
    return made;
}

template <class Self, class Options>
std::string OptimizerOf<Self, Options>::keras_class() const {
    return description<Options>().keras_class;
}

template <class Self, class Options>
Settings OptimizerOf<Self, Options>::settings() const {
    const Options current = options();
    Settings settings;
    for (const Field<Options>& field : description<Options>().fields)
        std::visit([&](auto member) {
            const auto& value = current.*member;
            if constexpr (std::is_same_v<decltype(value), const std::optional<double>&>)
                settings.emplace_back(field.name, value ? SettingValue(*value) : SettingValue());
            else settings.emplace_back(field.name, value);
        }, field.member);
    return settings;
}

template <class Options>
void set(Options& options, const std::string& name, const SettingValue& value) {
    const Description<Options>& about = description<Options>();
    std::vector<std::string> known;
    for (const Field<Options>& field : about.fields) {
        known.push_back(field.name);
        if (field.name != name) continue;
        const bool fits = std::visit([&](auto member) {
            auto& option = options.*member;
            using Option = std::remove_reference_t<decltype(option)>;
            if constexpr (std::is_same_v<Option, std::optional<double>>)
                if (std::holds_alternative<std::monostate>(value)) return option.reset(), true;
            using Held = std::conditional_t<std::is_same_v<Option, bool>, bool, double>;
            if (!std::holds_alternative<Held>(value)) return false;
            option = std::get<Held>(value);
            return true;
        }, field.member);
        if (!fits)
            throw ValueError(fmt::format("{}: the value given for {} is of the wrong kind", about.keras_class, name));
        return;
    }
    throw ValueError(fmt::format("{}: there is no option '{}'. {}", about.keras_class, name, suggest(name, known)));
}

/// The registry's row: static const Registration row = registration<Adam, AdamOptions>();
template <class Self, class Options>
Registration registration() {
    return Registration(description<Options>().keras_class, [](const Settings& settings) -> std::unique_ptr<Optimizer> {
        Options options;
        for (const auto& [name, value] : settings) set(options, name, value);
        return std::make_unique<Self>(options);
    });
}

/// Calls part(kernel, w, g, s, n) on parts of the parameter, the gradient and the slots (s[i] is slot i), on threads;
/// `kernel` are the update functions of the parameter's element type.
template <class Part>
void update_parts(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots, Part&& part) {
    constexpr std::size_t most_slots = 4;
    dispatch_floating(parameter.dtype(), [&]<class T>(T) {
        const kernels::UpdateFunctions<T>* functions;
        if constexpr (std::is_same_v<T, float>) functions = &kernels::active<kernels::Update>().f32;
        else functions = &kernels::active<kernels::Update>().f64;
        T* w = parameter.impl()->array.template data<T>();
        const T* g = gradient.data().template data<T>();
        T* all[most_slots] = {};
        for (std::size_t i = 0; i < slots.size(); ++i) all[i] = slots[i].impl()->array.template data<T>();
        // An element's roots and quotients take as long as four of a plain operation.
        kernels::parallel_for(parameter.elements(), kernels::elementwise_grain / 4,
                              [&](std::int64_t begin, std::int64_t end) {
                                  T* s[most_slots] = {};
                                  for (std::size_t i = 0; i < slots.size(); ++i) s[i] = all[i] + begin;
                                  part(*functions, w + begin, g + begin, s, end - begin);
                              });
    });
    parameter.impl()->array.changed();
    for (Tensor& slot : slots) slot.impl()->array.changed();
}

}  // namespace weft::optim
