#include <weft/autograd/error.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/optim/schedule.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace weft::optim {
namespace {

template <class S>
using Member = std::variant<double S::*, bool S::*, std::optional<double> S::*, std::vector<double> S::*>;
template <class S>
using Fields = std::vector<std::pair<const char*, Member<S>>>;

template <class S>
Schedule schedule_of(const S& given, const char* keras_class, const Fields<S>& fields,
                     std::function<double(double)> rate) {
    ScheduleSettings settings;
    for (const auto& [name, member] : fields)
        std::visit([&, key = name](auto part) { settings.emplace_back(key, given.*part); }, member);
    return {keras_class, settings, std::move(rate)};
}

// Whether the value is of the option's kind; then it is taken.
template <class Option>
bool take(Option& option, const ScheduleValue& value) {
    if (const auto* same = std::get_if<Option>(&value)) return option = *same, true;
    if constexpr (std::is_same_v<Option, std::optional<double>>)
        if (const auto* number = std::get_if<double>(&value)) return option = *number, true;
    if constexpr (std::is_same_v<Option, std::vector<double>>)
        if (const auto* number = std::get_if<double>(&value)) return option = {*number}, true;
    return false;
}

template <class S>
S read(const ScheduleSettings& settings, const char* keras_class, const Fields<S>& fields) {
    std::vector<std::string> known;
    for (const auto& field : fields) known.emplace_back(field.first);
    S result;
    for (const auto& [name, value] : settings) {
        const auto field = std::find(known.begin(), known.end(), name);
        if (field == known.end())
            throw ValueError(fmt::format("{}: there is no setting '{}'. {}", keras_class, name, suggest(name, known)));
        const Member<S>& member = fields[static_cast<std::size_t>(field - known.begin())].second;
        if (!std::visit([&, &given = value](auto part) { return take(result.*part, given); }, member))
            throw ValueError(fmt::format("{}: the value given for {} is of the wrong kind", keras_class, name));
    }
    return result;
}

double positive(double steps, const char* keras_class, const char* name) {
    if (steps > 0 && std::isfinite(steps)) return steps;
    throw ValueError(fmt::format("{}: {} must be a finite number above 0; received {}", keras_class, name, steps));
}

const Fields<ExponentialDecay> exponential{
    {"initial_learning_rate", &ExponentialDecay::initial_learning_rate},
    {"decay_steps", &ExponentialDecay::decay_steps},
    {"decay_rate", &ExponentialDecay::decay_rate},
    {"staircase", &ExponentialDecay::staircase}};
const Fields<InverseTimeDecay> inverse_time{
    {"initial_learning_rate", &InverseTimeDecay::initial_learning_rate},
    {"decay_steps", &InverseTimeDecay::decay_steps},
    {"decay_rate", &InverseTimeDecay::decay_rate},
    {"staircase", &InverseTimeDecay::staircase}};
const Fields<PolynomialDecay> polynomial{
    {"initial_learning_rate", &PolynomialDecay::initial_learning_rate},
    {"decay_steps", &PolynomialDecay::decay_steps},
    {"end_learning_rate", &PolynomialDecay::end_learning_rate},
    {"power", &PolynomialDecay::power},
    {"cycle", &PolynomialDecay::cycle}};
const Fields<PiecewiseConstantDecay> piecewise{
    {"boundaries", &PiecewiseConstantDecay::boundaries}, {"values", &PiecewiseConstantDecay::values}};
const Fields<CosineDecay> cosine{
    {"initial_learning_rate", &CosineDecay::initial_learning_rate},
    {"decay_steps", &CosineDecay::decay_steps},
    {"alpha", &CosineDecay::alpha},
    {"warmup_target", &CosineDecay::warmup_target},
    {"warmup_steps", &CosineDecay::warmup_steps}};
const Fields<CosineDecayRestarts> restarts{
    {"initial_learning_rate", &CosineDecayRestarts::initial_learning_rate},
    {"first_decay_steps", &CosineDecayRestarts::first_decay_steps},
    {"t_mul", &CosineDecayRestarts::t_mul},
    {"m_mul", &CosineDecayRestarts::m_mul},
    {"alpha", &CosineDecayRestarts::alpha}};

// From 1 to alpha along half a cosine.
double half_cosine(double part, double alpha, double height = 1) {
    return (1 - alpha) * 0.5 * height * (1 + std::cos(std::numbers::pi * part)) + alpha;
}

}  // namespace

ExponentialDecay::operator Schedule() const {
    positive(decay_steps, "ExponentialDecay", "decay_steps");
    return schedule_of(*this, "ExponentialDecay", exponential, [s = *this](double step) {
        const double part = step / s.decay_steps;
        return s.initial_learning_rate * std::pow(s.decay_rate, s.staircase ? std::floor(part) : part);
    });
}

InverseTimeDecay::operator Schedule() const {
    positive(decay_steps, "InverseTimeDecay", "decay_steps");
    return schedule_of(*this, "InverseTimeDecay", inverse_time, [s = *this](double step) {
        const double part = step / s.decay_steps;
        return s.initial_learning_rate / (1 + s.decay_rate * (s.staircase ? std::floor(part) : part));
    });
}

PolynomialDecay::operator Schedule() const {
    positive(decay_steps, "PolynomialDecay", "decay_steps");
    return schedule_of(*this, "PolynomialDecay", polynomial, [s = *this](double step) {
        const double steps = s.cycle ? s.decay_steps * std::max(1.0, std::ceil(step / s.decay_steps)) : s.decay_steps;
        const double left = std::pow(1 - std::min(step, steps) / steps, s.power);
        return (s.initial_learning_rate - s.end_learning_rate) * left + s.end_learning_rate;
    });
}

PiecewiseConstantDecay::operator Schedule() const {
    const bool rising = std::is_sorted(boundaries.begin(), boundaries.end());
    if (!rising || boundaries.empty() || boundaries.size() + 1 != values.size())
        throw ValueError(
            fmt::format("PiecewiseConstantDecay: there must be boundaries in rising order, and one more value; "
                        "received {} and {}",
                        boundaries.size(), values.size()));
    return schedule_of(*this, "PiecewiseConstantDecay", piecewise, [s = *this](double step) {
        const auto next = std::lower_bound(s.boundaries.begin(), s.boundaries.end(), step);
        return s.values[static_cast<std::size_t>(next - s.boundaries.begin())];
    });
}

CosineDecay::operator Schedule() const {
    positive(decay_steps, "CosineDecay", "decay_steps");
    return schedule_of(*this, "CosineDecay", cosine, [s = *this](double step) {
        const double highest = s.warmup_target.value_or(s.initial_learning_rate);
        const double warmup = s.warmup_target ? s.warmup_steps : 0;
        if (step < warmup) return s.initial_learning_rate + (highest - s.initial_learning_rate) * step / warmup;
        return highest * half_cosine(std::min(step - warmup, s.decay_steps) / s.decay_steps, s.alpha);
    });
}

CosineDecayRestarts::operator Schedule() const {
    positive(first_decay_steps, "CosineDecayRestarts", "first_decay_steps");
    positive(t_mul, "CosineDecayRestarts", "t_mul");
    return schedule_of(*this, "CosineDecayRestarts", restarts, [s = *this](double step) {
        double part = step / s.first_decay_steps, done = std::floor(part);
        if (s.t_mul == 1) {
            part -= done;
        } else {
            done = std::floor(std::log(1 - part * (1 - s.t_mul)) / std::log(s.t_mul));
            const double length = std::pow(s.t_mul, done);
            part = (part - (1 - length) / (1 - s.t_mul)) / length;
        }
        return s.initial_learning_rate * half_cosine(part, s.alpha, std::pow(s.m_mul, done));
    });
}

Schedule make_schedule(const std::string& keras_class, const ScheduleSettings& settings) {
    using Make = std::function<Schedule()>;
    const std::vector<std::pair<std::string, Make>> rows{
        {"ExponentialDecay", [&] { return read(settings, "ExponentialDecay", exponential); }},
        {"InverseTimeDecay", [&] { return read(settings, "InverseTimeDecay", inverse_time); }},
        {"PolynomialDecay", [&] { return read(settings, "PolynomialDecay", polynomial); }},
        {"PiecewiseConstantDecay", [&] { return read(settings, "PiecewiseConstantDecay", piecewise); }},
        {"CosineDecay", [&] { return read(settings, "CosineDecay", cosine); }},
        {"CosineDecayRestarts", [&] { return read(settings, "CosineDecayRestarts", restarts); }}};
    std::vector<std::string> known;
    for (const auto& [name, make] : rows) {
        if (name == keras_class) return make();
        known.push_back(name);
    }
    throw ValueError(fmt::format("there is no learning rate schedule '{}'. {}", keras_class,
                                 suggest(keras_class, known)));
}

}  // namespace weft::optim
