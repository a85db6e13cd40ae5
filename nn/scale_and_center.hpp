// What the normalizing layers keep of gamma and beta in their config. For their sources only.
#pragma once

#include <weft/nn/registry.hpp>

#include <nlohmann/json.hpp>

namespace weft::nn {

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
