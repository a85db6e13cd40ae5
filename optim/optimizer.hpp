// What all optimizers share: parameters in groups, their slots (the state kept for each), clipping, the step.
#pragma once

#include <weft/autograd/tensor.hpp>
#include <weft/optim/schedule.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weft::optim {

/// Parameters with a learning rate or weight decay of their own.
struct Group {
    Tensors parameters = {};
    std::optional<double> lr = {};
    std::optional<double> weight_decay = {};
};

/// A part of an optimizer's state for one parameter, under Keras's name; of the parameter's shape.
struct Slot {
    std::string name;
    Tensor value;  ///< a handle: assign() to it to set the state
};

/// An optimizer's configuration under Keras's names: {"learning_rate", 0.001}, {"clipnorm", none}, ...
using SettingValue = std::variant<std::monostate, bool, double>;
using Settings = std::vector<std::pair<std::string, SettingValue>>;

/// What every optimizer's options hold.
struct CommonOptions {
    double lr = 0;
    std::optional<double> weight_decay = {};
    std::optional<double> clipnorm = {};
    std::optional<double> clipvalue = {};
    std::optional<double> global_clipnorm = {};
};

/// Keras's optimizers. A step clips the gradients (each variable's norm, values, or the norm of all: one of the three),
/// takes lr * weight_decay * w from each parameter, then updates it. Parameters that require no gradient when the step
/// is made, or have none, are left alone, as is their state.
///
/// An optimizer made from options alone is configuration: it has no parameters and cannot step; fresh() makes one
/// that can. It is not copied, because its state belongs to the parameters.
class Optimizer {
public:
    virtual ~Optimizer() = default;
    Optimizer(const Optimizer&) = delete;
    Optimizer& operator=(const Optimizer&) = delete;

    /// Changes the parameters, in place, by their gradients. Throws ValueError without parameters, DTypeError if a
    /// gradient's element type is no longer its parameter's; then nothing has changed.
    void step();
    /// Forgets the gradients of all parameters.
    void zero_grad();

    /// Of the next step.
    double learning_rate() const { return schedule_ ? (*schedule_)(iterations_) : options_.lr; }
    /// Groups with rates of their own keep their ratio to this one. Throws ValueError if negative or not finite, or if
    /// the rate follows a schedule.
    void set_learning_rate(double rate);
    /// From now on the learning rate follows from the number of steps made, and the options' no longer counts. A step
    /// whose rate is negative or not finite throws ValueError before anything has changed.
    void set_schedule(const Schedule& schedule);
    const std::optional<Schedule>& schedule() const { return schedule_; }

    /// Steps made so far.
    std::int64_t iterations() const { return iterations_; }
    /// For a state that is loaded. Throws ValueError if negative.
    void set_iterations(std::int64_t iterations);

    /// All parameters, group by group.
    Tensors parameters() const;

    /// The state kept for a parameter, in the order of slot_names(); as it is before the first step if none was made.
    /// Throws ValueError if the parameter is not one of this optimizer's.
    std::vector<Slot> slots(const Tensor& parameter);
    /// The names of each parameter's slots, as Keras calls them.
    virtual std::vector<std::string> slot_names() const = 0;
    /// How Keras orders the slots in a file: the first `interleaved_slots` of the first parameter, of the second, ...,
    /// then each further slot of all parameters.
    virtual std::size_t interleaved_slots() const { return 1; }

    /// Another of the same configuration, without state, on these parameters; configuration alone if there are none.
    virtual std::unique_ptr<Optimizer> fresh(const Tensors& parameters = {}) const = 0;
    /// "Adam"
    virtual std::string keras_class() const = 0;
    /// What Keras's get_config() would say, for the options that weft knows.
    virtual Settings settings() const = 0;

protected:
    /// What one step does to one parameter.
    struct Rates {
        double rate;             ///< the learning rate of the parameter's group
        double decay;            ///< rate * weight decay: this part of the parameter is taken away first
        std::int64_t iteration;  ///< 1 at the first step
    };

    explicit Optimizer(const CommonOptions& options) : options_(options) {}
    /// Throws ValueError for an empty list, an undefined tensor or one that is there twice; DTypeError; GraphError.
    void set_groups(const std::vector<Group>& groups);

    /// The update rule: changes the parameter and its slots in place.
    virtual void update(Tensor& parameter, const Tensor& gradient, std::span<Tensor> slots,
                        const Rates& rates) const = 0;
    /// What slot number `slot` holds before the first step.
    virtual double initial_value(std::size_t slot) const {
        (void)slot;
        return 0;
    }

private:
    struct Entry {
        Tensor parameter;
        Tensors slots;         // empty before the first step
        double relative_rate;  // of its group, to options_.lr
        double weight_decay;
    };

    void prepare_slots(Entry& entry) const;
    void clip(Tensors& gradients) const;

    CommonOptions options_;
    std::optional<Schedule> schedule_;
    std::vector<Entry> entries_;
    std::int64_t iterations_ = 0;
};

}  // namespace weft::optim
