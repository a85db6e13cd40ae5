#include "op_table.hpp"

#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/gate_products.hpp>
#include <weft/autograd/ops/gru.hpp>
#include <weft/autograd/ops/lstm.hpp>
#include <weft/autograd/ops/scan.hpp>
#include <weft/autograd/ops/simple_rnn.hpp>

#include <algorithm>
#include <cmath>

namespace weft::testing {
namespace {

double sigma(double x) { return 1 / (1 + std::exp(-x)); }

// What the ops are called with, by name: x, kernel, recurrent_kernel, bias, states; all but the first three may lack.
struct Shape4 {
    std::int64_t batch, steps, features, units;
};

Tensor holes(std::int64_t batch, std::int64_t steps) {
    Array mask({batch, steps}, boolean);
    for (std::int64_t i = 0; i < batch * steps; ++i) mask.data<bool>()[i] = i * 3 % 5 < 3 && i / steps != 1;
    return Tensor(std::move(mask));
}

bool counts(const Tensor& mask, std::int64_t b, std::int64_t t) {
    return !mask.defined() || mask.values<bool>()[static_cast<std::size_t>(b * mask.shape(1) + t)];
}

// x W + b at one place.
double input_part(const Plains& t, bool bias, std::int64_t b, std::int64_t step, std::int64_t column) {
    double z = bias ? t[3](column) : 0;
    for (std::int64_t p = 0; p < t[0].shape[2]; ++p) z += t[0](b, step, p) * t[1](p, column);
    return z;
}

// The recurrent part of z for one column.
double state_part(const std::vector<double>& h, const Plain& weights, std::int64_t column) {
    double z = 0;
    for (std::size_t p = 0; p < h.size(); ++p) z += h[p] * weights(static_cast<std::int64_t>(p), column);
    return z;
}

std::vector<double> row(const Plain& states, std::int64_t b, std::int64_t units) {
    std::vector<double> values;
    for (std::int64_t j = 0; j < units; ++j) values.push_back(states(b, j));
    return values;
}

void append(Plain& to, const std::vector<double>& values) {
    to.values.insert(to.values.end(), values.begin(), values.end());
}

Plains lstm_reference(const Shape4& s, const Plains& t, bool bias, bool from_state, const Tensor& mask) {
    const std::int64_t u = s.units;
    Plain outputs{{s.batch, s.steps, u}, {}}, last_h{{s.batch, u}, {}}, last_c = last_h;
    for (std::int64_t b = 0; b < s.batch; ++b) {
        std::vector<double> h(static_cast<std::size_t>(u)), c = h;
        if (from_state) h = row(t[t.size() - 2], b, u), c = row(t.back(), b, u);
        for (std::int64_t step = 0; step < s.steps; ++step) {
            const std::vector<double> before = h;
            for (std::int64_t j = 0; counts(mask, b, step) && j < u; ++j) {
                double z[4];
                for (std::int64_t k = 0; k < 4; ++k)
                    z[k] = input_part(t, bias, b, step, k * u + j) + state_part(before, t[2], k * u + j);
                const auto at = static_cast<std::size_t>(j);
                c[at] = sigma(z[1]) * c[at] + sigma(z[0]) * std::tanh(z[2]);
                h[at] = sigma(z[3]) * std::tanh(c[at]);
            }
            append(outputs, h);
        }
        append(last_h, h);
        append(last_c, c);
    }
    return {outputs, last_h, last_c};
}

Tensors recurrent_inputs(const Shape4& s, std::int64_t gates, bool bias, std::int64_t states) {
    Tensors inputs{spread({s.batch, s.steps, s.features}, -1, 1, 1), spread({s.features, gates * s.units}, -1, 1, 2),
                   spread({s.units, gates * s.units}, -1, 1, 3)};
    if (bias) inputs.push_back(spread({gates * s.units}, -1, 1, 4));
    for (std::int64_t i = 0; i < states; ++i)
        inputs.push_back(spread({s.batch, s.units}, -1, 1, 5 + static_cast<std::uint64_t>(i)));
    return inputs;
}

OpCase lstm_case(const Shape4& s, bool bias, bool from_state, bool masked) {
    const Tensor mask = masked ? holes(s.batch, s.steps) : Tensor();
    const std::size_t states = 3 + bias;
    return {[=](const Tensors& t) {
                return lstm(t[0], t[1], t[2], bias ? t[3] : Tensor(), from_state ? t[states] : Tensor(),
                            from_state ? t[states + 1] : Tensor(), mask);
            },
            recurrent_inputs(s, 4, bias, from_state ? 2 : 0),
            [=](const Plains& t) { return lstm_reference(s, t, bias, from_state, mask); }};
}

OpCase lstm_step_case(std::int64_t batch, std::int64_t units) {
    return {[](const Tensors& t) { return lstm_step(t[0], t[1], t[2], t[3]); },
            {spread({batch, 4 * units}, -1, 1, 1), spread({batch, units}, -1, 1, 2), spread({batch, units}, -1, 1, 3),
             spread({units, 4 * units}, -1, 1, 4)},
            [=](const Plains& t) {
                Plain next_h{{batch, units}, {}}, next_c = next_h;
                for (std::int64_t b = 0; b < batch; ++b)
                    for (std::int64_t j = 0; j < units; ++j) {
                        double z[4];
                        for (std::int64_t k = 0; k < 4; ++k)
                            z[k] = t[0](b, k * units + j) + state_part(row(t[1], b, units), t[3], k * units + j);
                        const double c = sigma(z[1]) * t[2](b, j) + sigma(z[0]) * std::tanh(z[2]);
                        next_c.values.push_back(c);
                        next_h.values.push_back(sigma(z[3]) * std::tanh(c));
                    }
                return Plains{next_h, next_c};
            }};
}

// h' of one GRU step from the inputs' part a; all vectors are of one row.
std::vector<double> gru_reference(const std::vector<double>& a, const std::vector<double>& h, const Plain& weights,
                                  const std::vector<double>& bias, bool reset_after) {
    const std::size_t u = h.size();
    std::vector<double> z(u), r(u), kept(u), next(u);
    const auto gate = [&](std::size_t k) {
        return sigma(a[k] + bias[k] + state_part(h, weights, static_cast<std::int64_t>(k)));
    };
    for (std::size_t j = 0; j < u; ++j) {
        z[j] = gate(j);
        r[j] = gate(u + j);
        kept[j] = r[j] * h[j];
    }
    for (std::size_t j = 0; j < u; ++j) {
        const auto column = static_cast<std::int64_t>(2 * u + j);
        const double inner =
            reset_after ? r[j] * (state_part(h, weights, column) + bias[2 * u + j]) : state_part(kept, weights, column);
        next[j] = z[j] * h[j] + (1 - z[j]) * std::tanh(a[2 * u + j] + inner);
    }
    return next;
}

OpCase gru_step_case(std::int64_t batch, std::int64_t units, bool reset_after, bool bias) {
    Tensors inputs{spread({batch, 3 * units}, -1, 1, 1), spread({batch, units}, -1, 1, 2),
                   spread({units, 3 * units}, -1, 1, 3)};
    if (bias) inputs.push_back(spread({3 * units}, -1, 1, 4));
    return one([=](const Tensors& t) { return gru_step(t[0], t[1], t[2], bias ? t[3] : Tensor(), reset_after); },
               std::move(inputs),
               [=](const Plains& t) {
                   Plain next{{batch, units}, {}};
                   const std::vector<double> of_h =
                       bias ? t[3].values : std::vector<double>(static_cast<std::size_t>(3 * units));
                   for (std::int64_t b = 0; b < batch; ++b)
                       append(next,
                              gru_reference(row(t[0], b, 3 * units), row(t[1], b, units), t[2], of_h, reset_after));
                   return next;
               });
}

// Any op of one state: {h of all steps, last h}, where next(b, t, h) is one step of one row.
template <class Next>
Plains states_reference(const Shape4& s, const Tensor& mask, const Plain* first, Next&& next) {
    Plain outputs{{s.batch, s.steps, s.units}, {}}, last{{s.batch, s.units}, {}};
    for (std::int64_t b = 0; b < s.batch; ++b) {
        std::vector<double> h =
            first ? row(*first, b, s.units) : std::vector<double>(static_cast<std::size_t>(s.units));
        for (std::int64_t t = 0; t < s.steps; ++t) {
            if (counts(mask, b, t)) h = next(b, t, h);
            append(outputs, h);
        }
        append(last, h);
    }
    return {outputs, last};
}

OpCase gru_case(const Shape4& s, bool reset_after, bool bias, bool from_state, bool masked) {
    const Tensor mask = masked ? holes(s.batch, s.steps) : Tensor();
    Tensors inputs = recurrent_inputs(s, 3, bias, from_state);
    if (bias && reset_after) inputs[3] = spread({2, 3 * s.units}, -1, 1, 4);
    return {[=](const Tensors& t) {
                return gru(t[0], t[1], t[2], bias ? t[3] : Tensor(), from_state ? t.back() : Tensor(), reset_after,
                           mask);
            },
            std::move(inputs),
            [=](const Plains& t) {
                const std::int64_t gates = 3 * s.units;
                return states_reference(s, mask, from_state ? &t.back() : nullptr,
                                        [&](std::int64_t b, std::int64_t step, const std::vector<double>& h) {
                                            std::vector<double> a, of_h(static_cast<std::size_t>(gates));
                                            for (std::int64_t k = 0; k < gates; ++k) {
                                                a.push_back(input_part(t, false, b, step, k) +
                                                            (bias ? t[3].values[static_cast<std::size_t>(k)] : 0));
                                                if (bias && reset_after) of_h[static_cast<std::size_t>(k)] = t[3](1, k);
                                            }
                                            return gru_reference(a, h, t[2], of_h, reset_after);
                                        });
            }};
}

OpCase simple_rnn_case(const Shape4& s, bool bias, bool from_state, bool masked) {
    const Tensor mask = masked ? holes(s.batch, s.steps) : Tensor();
    return {[=](const Tensors& t) {
                return simple_rnn(t[0], t[1], t[2], bias ? t[3] : Tensor(), from_state ? t.back() : Tensor(), mask);
            },
            recurrent_inputs(s, 1, bias, from_state),
            [=](const Plains& t) {
                return states_reference(
                    s, mask, from_state ? &t.back() : nullptr,
                    [&](std::int64_t b, std::int64_t step, const std::vector<double>& h) {
                        std::vector<double> next;
                        for (std::int64_t j = 0; j < s.units; ++j)
                            next.push_back(std::tanh(input_part(t, bias, b, step, j) + state_part(h, t[2], j)));
                        return next;
                    });
            }};
}

// s' = tanh(x + s / 2), output 3 s'.
OpCase scan_case(std::int64_t batch, std::int64_t steps, bool masked, bool first) {
    const Tensor mask = masked ? holes(batch, steps) : Tensor();
    return {[=](const Tensors& t) {
                const auto step = [](const Tensor& x, const Tensors& s) {
                    const Tensor next = tanh(x + s[0] * 0.5);
                    return Tensors{next * 3, next};
                };
                return scan(t[0], {t[1]}, mask, step, first ? t[1] : Tensor());
            },
            {spread({batch, steps, 2}, -1, 1, 1), spread({batch, 2}, -1, 1, 2)},
            [=](const Plains& t) {
                Plain outputs{{batch, steps, 2}, std::vector<double>(static_cast<std::size_t>(batch * steps * 2))},
                    last = t[1];
                for (std::int64_t b = 0; b < batch; ++b)
                    for (std::int64_t j = 0; j < 2; ++j) {
                        double state = t[1](b, j), output = first ? state : 0;
                        for (std::int64_t i = 0; i < steps; ++i) {
                            if (counts(mask, b, i)) output = 3 * (state = std::tanh(t[0](b, i, j) + state / 2));
                            outputs.at({b, i, j}) = output;
                        }
                        last.at({b, j}) = state;
                    }
                return Plains{outputs, last};
            }};
}

// x [3, 2] into as many gates of two units as there are masks [3, 2], or one.
OpCase gate_products_case(std::int64_t masks, bool bias) {
    const std::int64_t gates = std::max<std::int64_t>(masks, 1);
    Tensors kept;
    std::vector<Plain> factors;
    for (std::int64_t gate = 0; gate < masks; ++gate) {
        Plain factor{{3, 2}, {}};
        for (std::int64_t i = 0; i < 6; ++i) factor.values.push_back((i * (gate + 2)) % 3 ? 2 : 0);
        kept.push_back(tensor(factor.values, {3, 2}, float64));
        factors.push_back(factor);
    }
    Tensors inputs{spread({3, 2}, -1, 1, 1), spread({2, 2 * gates}, -1, 1, 2)};
    if (bias) inputs.push_back(spread({2 * gates}, -1, 1, 3));
    return one(
        [=](const Tensors& t) {
            Tensors same;
            for (const Tensor& mask : kept) same.push_back(mask.to(t[0].dtype()));
            return gate_products(t[0], t[1], bias ? t[2] : Tensor(), same);
        },
        std::move(inputs), [=](const Plains& t) {
            Plain result{{3, 2 * gates}, {}};
            for (std::int64_t b = 0; b < 3; ++b)
                for (std::int64_t column = 0; column < 2 * gates; ++column) {
                    double z = bias ? t[2](column) : 0;
                    for (std::int64_t p = 0; p < 2; ++p)
                        z += t[0](b, p) * (masks ? factors[static_cast<std::size_t>(column / 2)](b, p) : 1) *
                             t[1](p, column);
                    result.values.push_back(z);
                }
            return result;
        });
}

}  // namespace

std::vector<OpRow> recurrent_rows() {
    return {
        {.name = "lstm",
         .cases = {lstm_case({1, 1, 1, 1}, true, false, false), lstm_case({2, 3, 2, 2}, true, false, false),
                   lstm_case({3, 2, 1, 3}, false, false, false), lstm_case({2, 3, 2, 2}, true, true, false),
                   lstm_case({3, 4, 2, 2}, true, true, true), lstm_case({3, 3, 2, 1}, false, false, true)}},
        {.name = "gru",
         .cases = {gru_case({1, 1, 1, 1}, true, true, false, false), gru_case({2, 3, 2, 2}, true, true, false, false),
                   gru_case({3, 4, 2, 2}, true, true, true, true), gru_case({3, 2, 1, 3}, true, false, true, false),
                   gru_case({2, 3, 2, 2}, false, true, false, false), gru_case({3, 4, 2, 2}, false, true, true, true),
                   gru_case({3, 3, 1, 1}, false, false, false, true)}},
        {.name = "gate_products",
         .cases = {gate_products_case(0, true), gate_products_case(1, true), gate_products_case(3, false),
                   gate_products_case(4, true)}},
        {.name = "gru_step",
         .cases = {gru_step_case(1, 1, true, true), gru_step_case(3, 2, true, true), gru_step_case(2, 2, true, false),
                   gru_step_case(3, 2, false, false)}},
        {.name = "simple_rnn",
         .cases = {simple_rnn_case({1, 1, 1, 1}, true, false, false), simple_rnn_case({2, 3, 2, 2}, true, true, false),
                   simple_rnn_case({3, 4, 1, 2}, true, true, true), simple_rnn_case({3, 3, 2, 1}, false, false, true)}},
        {.name = "lstm_step", .cases = {lstm_step_case(1, 1), lstm_step_case(3, 2)}},
        {.name = "scan",
         .cases = {scan_case(1, 1, false, false), scan_case(2, 3, false, false), scan_case(3, 4, true, false),
                   scan_case(3, 4, true, true)}},
    };
}

}  // namespace weft::testing
