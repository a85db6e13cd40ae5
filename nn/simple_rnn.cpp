#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/matmul.hpp>
#include <weft/autograd/ops/simple_rnn.hpp>
#include <weft/nn/cell_config.hpp>
#include <weft/nn/simple_rnn.hpp>

namespace weft::nn {

SimpleRNNCell::SimpleRNNCell(std::int64_t units, const SimpleRNNCellOptions& options) : ClassicCell(units, 1, CellSettings(options)) {
    set_common(options.name, options.input_shape);
    check_options();
}

Tensors SimpleRNNCell::step(const Tensor& z, const Tensors& states, const Tensor& kept) {
    return {settings_.activation(z + matmul(kept.defined() ? states[0] * kept : states[0], recurrent_kernel_))};
}

bool SimpleRNNCell::fused() const { return settings_.activation.name() == "tanh"; }

Tensors SimpleRNNCell::all(const Tensor& x, const Tensors& states, const Tensor& mask) {
    return simple_rnn(x, kernel_, recurrent_kernel_, bias_, states[0], mask);
}

SimpleRNN::SimpleRNN(std::int64_t units, const SimpleRNNOptions& options)
    : RNN(SimpleRNNCell(units, cell_options(options, SimpleRNNCellOptions())), rnn_options(options)), units_(units), options_(options) {}

nlohmann::json SimpleRNN::config() const {
    nlohmann::json config = own_config();
    config.update(cell().config());
    return config;
}

std::shared_ptr<RNN> SimpleRNN::reversed() const { return reversed_layer<SimpleRNN>(units_, options_); }

namespace {

const bool registered[] = {
    register_layer("SimpleRNNCell", [](const nlohmann::json& c) -> Layer {
        SimpleRNNCellOptions options;
        read_cell(c, options);
        return SimpleRNNCell(config_int(c, "units", 0), options);
    }),
    register_layer("SimpleRNN", [](const nlohmann::json& c) -> Layer {
        SimpleRNNOptions options;
        read_cell(c, options);
        read_rnn(c, options);
        return SimpleRNN(config_int(c, "units", 0), options);
    }),
};

}  // namespace

}  // namespace weft::nn
