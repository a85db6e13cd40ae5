// Learning rates that follow from the number of steps made. Formulas and names are those of Keras's
// keras.optimizers.schedules; `step` is 0 at the first step.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weft::optim {

using ScheduleValue = std::variant<double, bool, std::optional<double>, std::vector<double>>;
using ScheduleSettings = std::vector<std::pair<std::string, ScheduleValue>>;

/// Any of those below: optimizer.set_schedule(ExponentialDecay{.initial_learning_rate = 0.1, .decay_steps = 1000,
/// ...}).
class Schedule {
public:
    Schedule(const std::string& keras_class, const ScheduleSettings& settings, std::function<double(double step)> rate)
        : keras_class_(keras_class), settings_(settings), rate_(std::move(rate)) {}

    double operator()(std::int64_t step) const { return rate_(static_cast<double>(step)); }
    const std::string& keras_class() const { return keras_class_; }
    /// Under Keras's names.
    const ScheduleSettings& settings() const { return settings_; }

private:
    std::string keras_class_;
    ScheduleSettings settings_;
    std::function<double(double)> rate_;
};

/// A schedule by Keras's class; a number counts as a list of one. Throws ValueError for an unknown class, listing the
/// known ones, a setting that is unknown or of the wrong kind, and as the schedule does.
Schedule make_schedule(const std::string& keras_class, const ScheduleSettings& settings);

// Each throws ValueError, when it becomes a Schedule, for steps that are not positive.

/// initial * decay_rate^(step / decay_steps); with a staircase the exponent is rounded down.
struct ExponentialDecay {
    double initial_learning_rate = 0.001, decay_steps = 1, decay_rate = 1;
    bool staircase = false;
    operator Schedule() const;
};

/// initial / (1 + decay_rate * step / decay_steps); with a staircase the quotient of steps is rounded down.
struct InverseTimeDecay {
    double initial_learning_rate = 0.001, decay_steps = 1, decay_rate = 0;
    bool staircase = false;
    operator Schedule() const;
};

/// From initial to end in decay_steps along (1 - step / decay_steps)^power, and then constant; with `cycle`, anew from
/// where the steps' next multiple would end.
struct PolynomialDecay {
    double initial_learning_rate = 0.001, decay_steps = 1, end_learning_rate = 0.0001, power = 1;
    bool cycle = false;
    operator Schedule() const;
};

/// values[i] up to and with step boundaries[i], then the next; one more value than boundaries.
struct PiecewiseConstantDecay {
    std::vector<double> boundaries = {}, values = {};
    operator Schedule() const;
};

/// Half a cosine in decay_steps from initial, or from warmup_target after warmup_steps of a line from initial to it,
/// down to alpha of that.
struct CosineDecay {
    double initial_learning_rate = 0.001, decay_steps = 1, alpha = 0;
    std::optional<double> warmup_target = {};
    double warmup_steps = 0;
    operator Schedule() const;
};

/// Half cosines, one after another: each t_mul as long and m_mul as high as the one before. (Loshchilov and Hutter,
/// 2016.)
struct CosineDecayRestarts {
    double initial_learning_rate = 0.001, first_decay_steps = 1, t_mul = 2, m_mul = 1, alpha = 0;
    operator Schedule() const;
};

}  // namespace weft::optim
