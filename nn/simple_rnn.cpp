#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/gate_products.hpp>
#include <weft/autograd/ops/simple_rnn.hpp>
#include <weft/nn/cell_config.hpp>
#include <weft/nn/simple_rnn.hpp>

namespace weft::nn {

SimpleRNNCell::SimpleRNNCell(std::int64_t units, const SimpleRNNCellOptions& options)
    : ClassicCell(units, 1, CellSettings(options)) {
    set_common(options.name, options.input_shape);
    check_options();
}

Tensors SimpleRNNCell::step(const Tensor& z, const Tensors& states, const Tensors& masks) {
    return {settings_.activation(z + gate_products(states[0], recurrent_kernel_, Tensor(), masks))};
}

bool SimpleRNNCell::fused() const { return settings_.activation.name() == "tanh"; }

Tensors SimpleRNNCell::all(const Tensor& x, const Tensors& states, const Tensor& mask) {
    return simple_rnn(x, kernel_, recurrent_kernel_, bias_, states[0], mask);
}

SimpleRNN::SimpleRNN(std::int64_t units, const SimpleRNNOptions& options)
    : ClassicRNN(SimpleRNNCell(units, cell_options(options, SimpleRNNCellOptions())), units, options) {}

template class ClassicRNN<SimpleRNN, SimpleRNNOptions>;

static const bool simple_rnn_registered =
    register_recurrent<SimpleRNN, SimpleRNNOptions, SimpleRNNCell, SimpleRNNCellOptions>(
        "SimpleRNN", [](const nlohmann::json&, auto&) {});

}  // namespace weft::nn
