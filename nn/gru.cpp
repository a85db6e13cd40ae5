#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/gru.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/nn/cell_config.hpp>
#include <weft/nn/gru.hpp>

namespace weft::nn {

GRUCell::GRUCell(std::int64_t units, const GRUCellOptions& options)
    : ClassicCell(units, 3, CellSettings(options)), recurrent_activation_(options.recurrent_activation),
      reset_after_(options.reset_after) {
    set_common(options.name, options.input_shape);
    check_options();
}

Shape GRUCell::bias_shape() const { return reset_after_ ? Shape{2, 3 * units_} : Shape{3 * units_}; }

Tensor GRUCell::input_bias() const { return bias_.defined() && reset_after_ ? select(bias_, 0, 0) : bias_; }

Tensors GRUCell::step(const Tensor& z, const Tensors& states, const Tensors& masks) {
    const Tensor recurrent_bias = bias_.defined() && reset_after_ ? select(bias_, 0, 1) : Tensor();
    return {gru_step(z, states[0], recurrent_kernel_, recurrent_bias, reset_after_, settings_.activation,
                     recurrent_activation_, masks)};
}

bool GRUCell::fused() const {
    return settings_.activation.name() == "tanh" && recurrent_activation_.name() == "sigmoid";
}

Tensors GRUCell::all(const Tensor& x, const Tensors& states, const Tensor& mask) {
    return gru(x, kernel_, recurrent_kernel_, bias_, states[0], reset_after_, mask);
}

nlohmann::json GRUCell::config() const {
    nlohmann::json config = ClassicCell::config();
    config["recurrent_activation"] = recurrent_activation_.name();
    config["reset_after"] = reset_after_;
    return config;
}

GRU::GRU(std::int64_t units, const GRUOptions& options)
    : ClassicRNN(
          GRUCell(units, cell_options(options, GRUCellOptions{.recurrent_activation = options.recurrent_activation,
                                                              .reset_after = options.reset_after})),
          units, options) {}

template class ClassicRNN<GRU, GRUOptions>;

static const bool gru_registered = register_recurrent<GRU, GRUOptions, GRUCell, GRUCellOptions>(
    "GRU", [](const nlohmann::json& c, auto& options) { options.reset_after = config_bool(c, "reset_after", true); });

}  // namespace weft::nn
