#include "recurrent.hpp"

#include <weft/autograd/kernels/lstm.hpp>

using namespace weft::kernels;
using namespace weft::testing;

namespace {

void run(Isa isa, const LstmForward<float>& s) { family<Lstm>(isa).forward_f32(s); }
void run(Isa isa, const LstmForward<double>& s) { family<Lstm>(isa).forward_f64(s); }
void run(Isa isa, const LstmBackward<float>& s) { family<Lstm>(isa).backward_f32(s); }
void run(Isa isa, const LstmBackward<double>& s) { family<Lstm>(isa).backward_f64(s); }

using Doubles = std::vector<double>;

// One plain loop for each formula of the header, in double.
struct Plain {
    Sequences size;
    const bool* mask;
    Doubles weights, h_first, c_first, gates;
    Doubles h, c, tanh_c, c_last, dz, dh_first, dc_first;

    void forward() {
        std::vector<std::pair<std::int64_t, std::array<double, 4>>> activated;
        const auto [batch, steps, u, masked, from_state] = size;
        h.assign(static_cast<std::size_t>(batch * steps * u), 0);
        c = tanh_c = h;
        c_last.assign(static_cast<std::size_t>(batch * u), 0);
        for (std::int64_t b = 0; b < batch; ++b) {
            Doubles now_h(static_cast<std::size_t>(u)), now_c = now_h;
            if (from_state)
                for (std::int64_t j = 0; j < u; ++j) now_h[j] = h_first[b * u + j], now_c[j] = c_first[b * u + j];
            for (std::int64_t t = 0; t < steps; ++t) {
                const std::int64_t at = b * steps + t;
                const Doubles before = now_h;
                for (std::int64_t j = 0; j < u; ++j) {
                    if (!mask || mask[at]) {
                        double z[4];
                        for (int k = 0; k < 4; ++k) {
                            z[k] = gates[at * 4 * u + k * u + j];
                            for (std::int64_t p = 0; p < u; ++p) z[k] += before[p] * weights[p * 4 * u + k * u + j];
                        }
                        const double i = logistic(z[0]), f = logistic(z[1]), g = std::tanh(z[2]), o = logistic(z[3]);
                        now_c[j] = f * now_c[j] + i * g;
                        now_h[j] = o * std::tanh(now_c[j]);
                        activated.push_back({at * 4 * u + j, {i, f, g, o}});
                    }
                    h[at * u + j] = now_h[j];
                    c[at * u + j] = now_c[j];
                    tanh_c[at * u + j] = std::tanh(now_c[j]);
                }
            }
            for (std::int64_t j = 0; j < u; ++j) c_last[b * u + j] = now_c[j];
        }
        for (const auto& [at, values] : activated)
            for (int k = 0; k < 4; ++k) gates[at + k * u] = values[static_cast<std::size_t>(k)];
    }

    void backward(const Doubles& dh, const Doubles& dh_last, const Doubles& dc_last) {
        const auto [batch, steps, u, masked, from_state] = size;
        dz.assign(static_cast<std::size_t>(batch * steps * 4 * u), 0);
        dh_first = dh_last;
        dc_first = dc_last;
        for (std::int64_t b = 0; b < batch; ++b)
            for (std::int64_t t = steps - 1; t >= 0; --t) {
                const std::int64_t at = b * steps + t;
                double* of_h = &dh_first[b * u];
                double* of_c = &dc_first[b * u];
                for (std::int64_t j = 0; j < u; ++j) of_h[j] += dh[at * u + j];
                if (mask && !mask[at]) continue;
                double* d = &dz[at * 4 * u];
                for (std::int64_t j = 0; j < u; ++j) {
                    const double *a = &gates[at * 4 * u + j], i = a[0], f = a[u], g = a[2 * u], o = a[3 * u],
                                 y = tanh_c[at * u + j];
                    const double before = t > 0 ? c[(at - 1) * u + j] : from_state ? c_first[b * u + j] : 0;
                    d[3 * u + j] = of_h[j] * y * o * (1 - o);
                    of_c[j] += of_h[j] * o * (1 - y * y);
                    d[j] = of_c[j] * g * i * (1 - i);
                    d[u + j] = of_c[j] * before * f * (1 - f);
                    d[2 * u + j] = of_c[j] * i * (1 - g * g);
                    of_c[j] *= f;
                }
                for (std::int64_t j = 0; j < u; ++j) {
                    of_h[j] = 0;
                    for (std::int64_t k = 0; k < 4 * u; ++k) of_h[j] += d[k] * weights[j * 4 * u + k];
                }
            }
    }
};

template <class T>
void check(const Sequences& size) {
    const auto [batch, steps, u, masked, from_state] = size;
    const auto mask = mask_of(size);
    const auto weights = recurrent_weights<T>(u, 4 * u), first_h = random_values<T>(batch * u, 2),
               first_c = random_values<T>(batch * u, 3), z = random_values<T>(batch * steps * 4 * u, 4),
               dh = random_values<T>(batch * steps * u, 5), last_dh = random_values<T>(batch * u, 6),
               last_dc = random_values<T>(batch * u, 7);
    Plain plain{size, mask.get(), widened(weights), widened(first_h), widened(first_c), widened(z)};
    plain.forward();
    plain.backward(widened(dh), widened(last_dh), widened(last_dc));

    for (Isa isa : available()) {
        INFO(name(isa) << ": " << size.text());
        Guarded<T> gates(batch * steps * 4 * u), h(batch * steps * u), c(batch * steps * u),
            tanh_c(batch * steps * u, T(0)), c_last(batch * u), dz(batch * steps * 4 * u), dh_first(batch * u),
            dc_first(batch * u);
        std::copy(z.begin(), z.end(), gates.data());
        LstmForward<T> f;
        f.batch = batch, f.steps = steps, f.units = u, f.mask = mask.get();
        f.recurrent_kernel = weights.data();
        if (from_state) f.h_first = first_h.data(), f.c_first = first_c.data();
        f.gates = gates.data(), f.h = h.data(), f.c = c.data(), f.tanh_c = tanh_c.data(), f.c_last = c_last.data();
        run(isa, f);
        CHECK(difference(h, plain.h) <= recurrent_tolerance<T>);
        CHECK(difference(c, plain.c) <= recurrent_tolerance<T>);
        CHECK(difference(c_last, plain.c_last) <= recurrent_tolerance<T>);
        CHECK(difference(gates, plain.gates) <= recurrent_tolerance<T>);
        CHECK((gates.intact() && h.intact() && c.intact() && tanh_c.intact() && c_last.intact()));

        LstmBackward<T> b;
        b.batch = batch, b.steps = steps, b.units = u, b.mask = mask.get();
        b.recurrent_kernel = weights.data();
        if (from_state) b.c_first = first_c.data();
        b.gates = gates.data(), b.c = c.data(), b.tanh_c = tanh_c.data();
        b.dh = dh.data(), b.dh_last = last_dh.data(), b.dc_last = last_dc.data();
        b.dz = dz.data(), b.dh_first = dh_first.data(), b.dc_first = dc_first.data();
        run(isa, b);
        CHECK(difference(dz, plain.dz) <= recurrent_tolerance<T>);
        CHECK(difference(dh_first, plain.dh_first) <= recurrent_tolerance<T>);
        CHECK(difference(dc_first, plain.dc_first) <= recurrent_tolerance<T>);
        CHECK((dz.intact() && dh_first.intact() && dc_first.intact()));

        // So is the rest where nobody asks for the first states' gradients.
        Guarded<T> same_dz(batch * steps * 4 * u);
        b.dz = same_dz.data(), b.dh_first = b.dc_first = nullptr;
        run(isa, b);
        CHECK(difference(same_dz, plain.dz) <= recurrent_tolerance<T>);
        CHECK(same_dz.intact());

        // Without room for the derivative the results are the same.
        Guarded<T> again(batch * steps * u);
        std::copy(z.begin(), z.end(), gates.data());
        f.c = f.tanh_c = nullptr;
        f.h = again.data();
        run(isa, f);
        CHECK(difference(again, plain.h) <= recurrent_tolerance<T>);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("lstm: all steps and back agree with plain loops", "[kernels][recurrent]", float, double) {
    each_sequences([](const Sequences& size) { check<TestType>(size); });
}
