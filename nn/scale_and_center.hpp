// What the normalizing layers share: gamma and beta, and what their config keeps of them. For their sources only.
#pragma once

#include <weft/nn/registry.hpp>

#include <nlohmann/json.hpp>

namespace weft::nn {

// Makes those that the options ask for; `parameter` is the layer's own.
template <class Options, class Parameter>
void build_scale_and_center(const Options& o, const Shape& shape, Tensor& gamma, Tensor& beta, Parameter parameter) {
    if (o.scale) gamma = parameter("gamma", shape, o.gamma_initializer, o.gamma_regularizer, o.gamma_constraint);
    if (o.center) beta = parameter("beta", shape, o.beta_initializer, o.beta_regularizer, o.beta_constraint);
}

template <class Options>
void put_scale_and_center(nlohmann::json& config, const Options& o) {
    config["epsilon"] = o.epsilon;
    config["center"] = o.center;
    config["scale"] = o.scale;
    put_weight(config, "beta", o.beta_initializer, o.beta_regularizer, o.beta_constraint);
    put_weight(config, "gamma", o.gamma_initializer, o.gamma_regularizer, o.gamma_constraint);
}

template <class Options>
void read_scale_and_center(const nlohmann::json& config, Options& o) {
    o.epsilon = config_number(config, "epsilon", o.epsilon);
    o.center = config_bool(config, "center", true);
    o.scale = config_bool(config, "scale", true);
    read_weight(config, "beta", o.beta_initializer, o.beta_regularizer, o.beta_constraint);
    read_weight(config, "gamma", o.gamma_initializer, o.gamma_regularizer, o.gamma_constraint);
}

}  // namespace weft::nn
