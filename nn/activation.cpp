#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/softmax.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/nn/activation.hpp>
#include <weft/nn/registry.hpp>

#include <nlohmann/json.hpp>

#include <map>

namespace weft::nn {
namespace {

const std::map<std::string, std::function<Tensor(const Tensor&)>>& table() {
    static const std::map<std::string, std::function<Tensor(const Tensor&)>> known{
        {"linear", {}},
        {"relu", [](const Tensor& x) { return relu(x); }},
        {"relu6", [](const Tensor& x) { return relu6(x); }},
        {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }},
        {"elu", [](const Tensor& x) { return elu(x); }},
        {"selu", [](const Tensor& x) { return selu(x); }},
        {"gelu", [](const Tensor& x) { return gelu(x); }},
        {"sigmoid", [](const Tensor& x) { return sigmoid(x); }},
        {"hard_sigmoid", [](const Tensor& x) { return hard_sigmoid(x); }},
        {"hard_sigmoid_keras2",
         [](const Tensor& x) { return clip(0.2 * x + 0.5, 0, 1); }},  // what Keras 1 and 2 call hard_sigmoid
        {"tanh", [](const Tensor& x) { return tanh(x); }},
        {"softplus", [](const Tensor& x) { return softplus(x); }},
        {"softsign", [](const Tensor& x) { return softsign(x); }},
        {"softmax", [](const Tensor& x) { return softmax(x); }},
        {"log_softmax", [](const Tensor& x) { return log_softmax(x); }},
        {"silu", [](const Tensor& x) { return silu(x); }},
        {"swish", [](const Tensor& x) { return silu(x); }},
        {"hard_silu", [](const Tensor& x) { return hard_silu(x); }},
        {"hard_swish", [](const Tensor& x) { return hard_silu(x); }},
        {"mish", [](const Tensor& x) { return mish(x); }},
        {"exponential", [](const Tensor& x) { return exp(x); }},
    };
    return known;
}

}  // namespace

const std::vector<std::string>& activation_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> all;
        for (const auto& [name, function] : table()) all.push_back(name);
        return all;
    }();
    return names;
}

Activation::Activation(const std::string& name) : name_(name.empty() ? "linear" : name) {
    const auto found = table().find(name_);
    if (found == table().end())
        throw ValueError("activation: unknown name '" + name + "'. " + suggest(name, activation_names()));
    function_ = found->second;
}

Activate::Activate(Activation activation, const ActivationOptions& options) : activation_(std::move(activation)) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}
nlohmann::json Activate::config() const { return {{"activation", activation_.name()}}; }

ReLU::ReLU(const ReLUOptions& options) : options_(options) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
    if (options.max_value < 0 || options.negative_slope < 0 || options.threshold < 0)
        throw ValueError("ReLU: max_value, negative_slope and threshold must not be negative");
}
Tensor ReLU::forward(const Tensor& x) {
    const auto& [cap, slope, threshold, shape, name] = options_;
    if (cap == 0 && slope == 0 && threshold == 0) return relu(x);
    Tensor y = where(less(x, threshold), slope == 0 ? x * 0 : slope * (x - threshold), x);
    return cap > 0 ? minimum(y, cap) : y;
}
nlohmann::json ReLU::config() const {
    return {{"max_value", options_.max_value > 0 ? nlohmann::json(options_.max_value) : nlohmann::json()},
            {"negative_slope", options_.negative_slope},
            {"threshold", options_.threshold}};
}

LeakyReLU::LeakyReLU(const LeakyReLUOptions& options) : options_(options) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}
Tensor LeakyReLU::forward(const Tensor& x) { return leaky_relu(x, options_.negative_slope); }
// Keras 2 and tf.keras know only `alpha`, and Keras 3 accepts it.
nlohmann::json LeakyReLU::config() const { return {{"alpha", options_.negative_slope}}; }

ELU::ELU(const ELUOptions& options) : options_(options) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}
Tensor ELU::forward(const Tensor& x) { return elu(x, options_.alpha); }
nlohmann::json ELU::config() const { return {{"alpha", options_.alpha}}; }

Softmax::Softmax(const SoftmaxOptions& options) : options_(options) {
    set_common(options.name, options.input_shape);
    nothing_to_build();
}
Tensor Softmax::forward(const Tensor& x) { return softmax(x, options_.axis); }
nlohmann::json Softmax::config() const { return {{"axis", options_.axis}}; }

namespace {
const bool activation_registered[] = {
    register_layer("Activation", [](const nlohmann::json& c) -> Layer { return Activate(config_activation(c)); }),
    register_layer("ReLU",
                   [](const nlohmann::json& c) -> Layer {
                       return ReLU({.max_value = config_number(c, "max_value", 0),
                                    .negative_slope = config_number(c, "negative_slope", 0),
                                    .threshold = config_number(c, "threshold", 0)});
                   }),
    register_layer("LeakyReLU",
                   [](const nlohmann::json& c) -> Layer {
                       return LeakyReLU({.negative_slope = config_number(
                                             c, config_has(c, "negative_slope") ? "negative_slope" : "alpha", 0.3)});
                   }),
    register_layer("ELU",
                   [](const nlohmann::json& c) -> Layer { return ELU({.alpha = config_number(c, "alpha", 1)}); }),
    register_layer("Softmax",
                   [](const nlohmann::json& c) -> Layer { return Softmax({.axis = config_int(c, "axis", -1)}); }),
};
}  // namespace

}  // namespace weft::nn
