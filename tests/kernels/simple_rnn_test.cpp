#include "recurrent.hpp"
#include "spans.hpp"

#include <weft/autograd/kernels/simple_rnn.hpp>

using namespace weft::kernels;
using namespace weft::testing;

namespace {

void run(Isa isa, const SimpleRnnForward<float>& s) { family<SimpleRnn>(isa).forward_f32(s); }
void run(Isa isa, const SimpleRnnForward<double>& s) { family<SimpleRnn>(isa).forward_f64(s); }
void run(Isa isa, const SimpleRnnBackward<float>& s) { family<SimpleRnn>(isa).backward_f32(s); }
void run(Isa isa, const SimpleRnnBackward<double>& s) { family<SimpleRnn>(isa).backward_f64(s); }

template <class T>
void check(const Sequences& size) {
    const auto [batch, steps, u, masked, from_state] = size;
    const auto mask = mask_of(size);
    const auto weights = recurrent_weights<T>(u, u), first = random_values<T>(batch * u, 2),
               a = random_values<T>(batch * steps * u, 3), dh = random_values<T>(batch * steps * u, 4),
               last_dh = random_values<T>(batch * u, 5);

    std::vector<double> h = widened(a), da(h.size()), of_h = widened(last_dh);
    for (std::int64_t b = 0; b < batch; ++b) {
        std::vector<double> now(static_cast<std::size_t>(u));
        if (from_state) now.assign(first.begin() + b * u, first.begin() + (b + 1) * u);
        for (std::int64_t t = 0; t < steps; ++t) {
            const std::int64_t at = b * steps + t;
            std::vector<double> next = now;
            for (std::int64_t j = 0; j < u && (!mask || mask[at]); ++j) {
                next[j] = h[at * u + j];
                for (std::int64_t p = 0; p < u; ++p) next[j] += now[p] * double(weights[p * u + j]);
                next[j] = std::tanh(next[j]);
            }
            now = next;
            std::copy(now.begin(), now.end(), h.begin() + at * u);
        }
        for (std::int64_t t = steps - 1; t >= 0; --t) {
            const std::int64_t at = b * steps + t;
            for (std::int64_t j = 0; j < u; ++j) of_h[b * u + j] += double(dh[at * u + j]);
            if (mask && !mask[at]) continue;
            for (std::int64_t j = 0; j < u; ++j) da[at * u + j] = of_h[b * u + j] * (1 - h[at * u + j] * h[at * u + j]);
            for (std::int64_t p = 0; p < u; ++p) {
                of_h[b * u + p] = 0;
                for (std::int64_t j = 0; j < u; ++j) of_h[b * u + p] += da[at * u + j] * double(weights[p * u + j]);
            }
        }
    }

    for (Isa isa : available()) {
        INFO(name(isa) << ": " << size.text());
        Guarded<T> got_h(batch * steps * u), got_da(batch * steps * u), dh_first(batch * u);
        std::copy(a.begin(), a.end(), got_h.data());
        SimpleRnnForward<T> f;
        f.batch = batch, f.steps = steps, f.units = u, f.mask = mask.get();
        f.recurrent_kernel = weights.data();
        if (from_state) f.h_first = first.data();
        f.h = got_h.data();
        run(isa, f);
        CHECK(difference(got_h, h) <= recurrent_tolerance<T>);
        SimpleRnnBackward<T> b;
        b.batch = batch, b.steps = steps, b.units = u, b.mask = mask.get();
        b.recurrent_kernel = weights.data();
        b.h = got_h.data(), b.dh = dh.data(), b.dh_last = last_dh.data();
        b.da = got_da.data(), b.dh_first = dh_first.data();
        run(isa, b);
        CHECK(difference(got_da, da) <= recurrent_tolerance<T>);
        CHECK(difference(dh_first, of_h) <= recurrent_tolerance<T>);
        CHECK((got_h.intact() && got_da.intact() && dh_first.intact()));
    }
}

}  // namespace

TEMPLATE_TEST_CASE("simple_rnn: all steps and back agree with plain loops", "[kernels][recurrent]", float, double) {
    each_sequences([](const Sequences& size) { check<TestType>(size); });
}

// Without recurrent weights a step is the tanh that all recurrent kernels use.
TEMPLATE_TEST_CASE("the tanh of gates is exact to seven units, bounded, and hands on NaN", "[kernels][recurrent]", float,
                   double) {
    using T = TestType;
    constexpr std::int64_t units = 16;
    const std::vector<T> none(static_cast<std::size_t>(units * units));
    std::vector<T> x;
    for (T range : {T(0.01), T(0.7), T(10), T(1000)})
        for (T value : spans::uniform<T>(16000, -range, range)) x.push_back(value);
    const auto special = spans::special<T>();
    x.insert(x.end(), special.begin(), special.end());
    x.resize((x.size() + units - 1) / units * units);
    for (Isa isa : available()) {
        INFO(name(isa));
        std::vector<T> y = x;
        SimpleRnnForward<T> f;
        f.batch = static_cast<std::int64_t>(x.size()) / units, f.steps = 1, f.units = units;
        f.recurrent_kernel = none.data(), f.h = y.data();
        run(isa, f);
        for (std::size_t i = 0; i < x.size(); ++i) {
            INFO("tanh(" << x[i] << ") = " << y[i]);
            if (std::isnan(x[i])) {
                if (!std::isnan(y[i])) REQUIRE(std::isnan(y[i]));
            } else if (!(spans::ulps(y[i], std::tanh(static_cast<long double>(x[i]))) <= 7) || std::abs(y[i]) > 1) {
                REQUIRE(spans::ulps(y[i], std::tanh(static_cast<long double>(x[i]))) <= 7);
                REQUIRE(std::abs(y[i]) <= 1);
            }
        }
    }
}
