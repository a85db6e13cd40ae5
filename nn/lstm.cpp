#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/lstm.hpp>
#include <weft/nn/cell_config.hpp>
#include <weft/nn/lstm.hpp>

namespace weft::nn {

LSTMCell::LSTMCell(std::int64_t units, const LSTMCellOptions& options)
    : ClassicCell(units, 4, CellSettings(options)), recurrent_activation_(options.recurrent_activation),
      unit_forget_bias_(options.unit_forget_bias) {
    set_common(options.name, options.input_shape);
    check_options();
}

Initializer LSTMCell::bias_initializer() const {
    if (!unit_forget_bias_) return settings_.bias_initializer;
    return [rest = settings_.bias_initializer](const Shape& shape, DType dtype, Generator& generator) {
        const std::int64_t units = shape[0] / 4;
        return concat({rest({units}, dtype, generator), ones({units}, dtype), rest({2 * units}, dtype, generator)});
    };
}

Tensors LSTMCell::step(const Tensor& z, const Tensors& states, const Tensors& masks) {
    return lstm_step(z, states[0], states[1], recurrent_kernel_, settings_.activation, recurrent_activation_, masks);
}

bool LSTMCell::fused() const {
    return settings_.activation.name() == "tanh" && recurrent_activation_.name() == "sigmoid";
}

Tensors LSTMCell::all(const Tensor& x, const Tensors& states, const Tensor& mask) {
    return lstm(x, kernel_, recurrent_kernel_, bias_, states[0], states[1], mask);
}

nlohmann::json LSTMCell::config() const {
    nlohmann::json config = ClassicCell::config();
    config["recurrent_activation"] = recurrent_activation_.name();
    config["unit_forget_bias"] = unit_forget_bias_;
    return config;
}

LSTM::LSTM(std::int64_t units, const LSTMOptions& options)
    : ClassicRNN(
          LSTMCell(units, cell_options(options, LSTMCellOptions{.recurrent_activation = options.recurrent_activation,
                                                                .unit_forget_bias = options.unit_forget_bias})),
          units, options) {}

template class ClassicRNN<LSTM, LSTMOptions>;

static const bool lstm_registered = register_recurrent<LSTM, LSTMOptions, LSTMCell, LSTMCellOptions>(
    "LSTM", [](const nlohmann::json& c, auto& options) {
        options.unit_forget_bias = config_bool(c, "unit_forget_bias", true);
    });

}  // namespace weft::nn
