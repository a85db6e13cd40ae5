#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/dropout.hpp>
#include <weft/autograd/ops/gate_products.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/ops/scan.hpp>
#include <weft/nn/recurrent_cell.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {

Tensors RecurrentCell::with_zeros(const Tensors& states, std::int64_t batch) const {
    const std::vector<std::int64_t> sizes = state_size();
    Tensors given = states;
    given.resize(sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i)
        if (!given[i].defined()) given[i] = zeros({batch, sizes[i]}, state()->dtype);
    return given;
}

Tensor RecurrentCell::dropout_mask(const Shape& shape, DType dtype, double rate) const {
    return rate > 0 && training() ? dropout(ones(shape, dtype), rate) : Tensor();
}

Tensors RecurrentCell::sequence(const Tensor& x, const Tensors& states, const Tensor& mask) {
    return scan(x, with_zeros(states, x.shape(0)), mask, [this](const Tensor& step, const Tensors& now) {
        Tensors inputs = now;
        inputs.insert(inputs.begin(), step);
        return (*this)(inputs);
    });
}

Shapes RecurrentCell::output_shapes(const Shapes& inputs) {
    const std::int64_t batch = inputs.empty() || inputs[0].empty() ? None : inputs[0][0];
    Shapes shapes{{batch, output_size()}};
    for (std::int64_t size : state_size()) shapes.push_back({batch, size});
    return shapes;
}

void ClassicCell::check_options() const {
    if (units_ < 1)
        throw ValueError(fmt::format("{}: the number of units must be positive; received {}", label(), units_));
    for (double rate : {settings_.dropout, settings_.recurrent_dropout})
        if (!(rate >= 0 && rate < 1))
            throw ValueError(fmt::format(
                "{}: dropout and recurrent_dropout must be at least 0 and below 1; received {}", label(), rate));
}

void ClassicCell::build(const Shape& input) {
    if (input.rank() != 2 || input.back() == None)
        throw ShapeError(fmt::format("{}: expects [batch, features] with a known number of features; received {}",
                                     label(), str(input)));
    kernel_ = parameter("kernel", {input.back(), gates_ * units_}, settings_.kernel_initializer,
                        settings_.kernel_regularizer, settings_.kernel_constraint);
    recurrent_kernel_ = parameter("recurrent_kernel", {units_, gates_ * units_}, settings_.recurrent_initializer,
                                  settings_.recurrent_regularizer, settings_.recurrent_constraint);
    if (settings_.use_bias)
        bias_ =
            parameter("bias", bias_shape(), bias_initializer(), settings_.bias_regularizer, settings_.bias_constraint);
}

Tensors ClassicCell::call(const Tensors& given) {
    const std::size_t states = state_size().size();
    if (given.size() != 1 && given.size() != 1 + states)
        throw ValueError(fmt::format("{}: takes x, or {{x, states...}}, {} tensors; received {}", label(), 1 + states,
                                     given.size()));
    Tensors inputs = given;
    if (given.size() == 1)
        for (Tensor& zero : with_zeros({}, given[0].rank() > 0 ? given[0].shape(0) : 0)) inputs.push_back(zero);
    for (std::size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i].rank() != 2 || inputs[i].shape(0) != inputs[0].shape(0) ||
            inputs[i].shape(1) != (i == 0 ? kernel_.shape(0) : units_))
            throw ShapeError(fmt::format("{}: expects x [batch, {}] and states [batch, {}]; received {} as number {}",
                                         label(), kernel_.shape(0), units_, describe(inputs[i]), i));
    const Tensor& x = inputs[0];
    const Tensor z = gate_products(x, kernel_, input_bias(), dropout_masks(x.shape(), x.dtype(), settings_.dropout));
    Tensors next = step(z, {inputs.begin() + 1, inputs.end()},
                        dropout_masks(inputs[1].shape(), x.dtype(), settings_.recurrent_dropout));
    next.insert(next.begin(), next[0]);
    return next;
}

Tensors ClassicCell::dropout_masks(const Shape& shape, DType dtype, double rate) const {
    Tensors masks;
    for (std::int64_t i = 0, count = settings_.recurrent_dropout > 0 ? gates_ : 1; i < count; ++i)
        if (const Tensor mask = dropout_mask(shape, dtype, rate); mask.defined()) masks.push_back(mask);
    return masks;
}

Tensors ClassicCell::sequence(const Tensor& x, const Tensors& states, const Tensor& mask) {
    // The same masks for all steps (Gal and Ghahramani 2016).
    const Tensors of_x = dropout_masks({x.shape(0), 1, x.shape(2)}, x.dtype(), settings_.dropout);
    const Tensors of_state = dropout_masks({x.shape(0), units_}, x.dtype(), settings_.recurrent_dropout);
    if (!fused() || !of_state.empty())
        return scan(gate_products(x, kernel_, input_bias(), of_x), with_zeros(states, x.shape(0)), mask,
                    [&](const Tensor& z, const Tensors& now) {
                        Tensors next = step(z, now, of_state);
                        next.insert(next.begin(), next[0]);
                        return next;
                    });
    Tensors results = all(of_x.empty() ? x : x * of_x[0], states, mask);
    if (!mask.defined() || !states[0].defined()) return results;
    // The op repeats the first state where a sequence begins with masked steps; outputs there are 0.
    Array begun(mask.shape(), boolean);
    const bool* counts = mask.data().data<bool>();
    const std::int64_t steps = mask.shape(1);
    for (std::int64_t i = 0, n = mask.elements(); i < n; ++i)
        begun.data<bool>()[i] = counts[i] || (i % steps > 0 && begun.data<bool>()[i - 1]);
    results[0] = where(expand_dims(Tensor(std::move(begun)), -1), results[0], 0);
    return results;
}

nlohmann::json ClassicCell::config() const {
    nlohmann::json config{{"units", units_},
                          {"activation", settings_.activation.name()},
                          {"use_bias", settings_.use_bias},
                          {"dropout", settings_.dropout},
                          {"recurrent_dropout", settings_.recurrent_dropout}};
    put_weight(config, "kernel", settings_.kernel_initializer, settings_.kernel_regularizer,
               settings_.kernel_constraint);
    put_weight(config, "recurrent", settings_.recurrent_initializer, settings_.recurrent_regularizer,
               settings_.recurrent_constraint);
    put_weight(config, "bias", settings_.bias_initializer, settings_.bias_regularizer, settings_.bias_constraint);
    return config;
}

}  // namespace weft::nn
