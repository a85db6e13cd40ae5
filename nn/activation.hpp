// Activations, by name or as a function of one's own, and the layers that apply them.
#pragma once

#include <weft/nn/module.hpp>

#include <functional>
#include <string>

namespace weft::nn {

/// What an activation option holds: a Keras name ("relu", "softmax", ...), a function, or nothing ("linear").
class Activation {
public:
    Activation() = default;
    /// Throws ValueError for an unknown name, listing the known ones.
    Activation(const char* name) : Activation(std::string(name)) {}
    Activation(const std::string& name);
    template <std::invocable<const Tensor&> F>
    Activation(F function) : name_("custom"), function_(std::move(function)) {}

    Tensor operator()(const Tensor& x) const { return function_ ? function_(x) : x; }
    /// As Keras's files spell it; "linear" for none.
    const std::string& name() const { return name_; }

private:
    std::string name_ = "linear";
    std::function<Tensor(const Tensor&)> function_;
};

/// The names that an activation may have.
const std::vector<std::string>& activation_names();

struct ActivationOptions {
    Shape input_shape = {};
    std::string name = {};
};

/// Applies an activation: nn::Activate("tanh"). Keras's class is Activation.
class Activate : public Module {
public:
    explicit Activate(Activation activation, const ActivationOptions& options = {});
    Tensor forward(const Tensor& x) override { return activation_(x); }
    Shape output_shape(const Shape& input) override { return input; }
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "Activation"; }
    nlohmann::json config() const override;

private:
    Activation activation_;
};

struct ReLUOptions {
    double max_value = 0;  ///< the cap; 0 means none
    double negative_slope = 0;
    double threshold = 0;
    Shape input_shape = {};
    std::string name = {};
};

/// x from the threshold on, capped by max_value; negative_slope (x - threshold) below it.
class ReLU : public Module {
public:
    explicit ReLU(const ReLUOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override { return input; }
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "ReLU"; }
    nlohmann::json config() const override;

private:
    ReLUOptions options_;
};

struct LeakyReLUOptions {
    double negative_slope = 0.3;
    Shape input_shape = {};
    std::string name = {};
};

/// x if positive, else negative_slope x. (The layer's slope is 0.3, the function's 0.2: Keras has it so.)
class LeakyReLU : public Module {
public:
    explicit LeakyReLU(const LeakyReLUOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override { return input; }
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "LeakyReLU"; }
    nlohmann::json config() const override;

private:
    LeakyReLUOptions options_;
};

struct ELUOptions {
    double alpha = 1;
    Shape input_shape = {};
    std::string name = {};
};

class ELU : public Module {
public:
    explicit ELU(const ELUOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override { return input; }
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "ELU"; }
    nlohmann::json config() const override;

private:
    ELUOptions options_;
};

struct SoftmaxOptions {
    std::int64_t axis = -1;
    Shape input_shape = {};
    std::string name = {};
};

class Softmax : public Module {
public:
    explicit Softmax(const SoftmaxOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override { return input; }
    bool supports_masking() const override { return true; }
    std::string class_name() const override { return "Softmax"; }
    nlohmann::json config() const override;

private:
    SoftmaxOptions options_;
};

}  // namespace weft::nn
