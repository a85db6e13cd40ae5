#include "recurrent.hpp"

#include <weft/autograd/kernels/gru.hpp>

using namespace weft::kernels;
using namespace weft::testing;

namespace {

void run(Isa isa, const GruForward<float>& s) { family<Gru>(isa).forward_f32(s); }
void run(Isa isa, const GruForward<double>& s) { family<Gru>(isa).forward_f64(s); }
void run(Isa isa, const GruBackward<float>& s) { family<Gru>(isa).backward_f32(s); }
void run(Isa isa, const GruBackward<double>& s) { family<Gru>(isa).backward_f64(s); }

using Doubles = std::vector<double>;

// One plain loop for each formula of the header, in double.
struct Plain {
    Sequences size;
    bool reset_after;
    const bool* mask;
    Doubles weights, bias, h_first, gates;
    Doubles h, inner, da, dh_first;

    // (a vector times the columns of one gate) at j
    double product(const Doubles& x, int gate, std::int64_t j) const {
        double sum = 0;
        for (std::int64_t p = 0; p < size.units; ++p) sum += x[p] * weights[p * 3 * size.units + gate * size.units + j];
        return sum;
    }

    void forward() {
        const auto [batch, steps, u, masked, from_state] = size;
        h.assign(static_cast<std::size_t>(batch * steps * u), 0);
        inner = h;
        for (std::int64_t b = 0; b < batch; ++b) {
            Doubles now(static_cast<std::size_t>(u)), z = now, r = now, kept = now;
            if (from_state) now.assign(h_first.begin() + b * u, h_first.begin() + (b + 1) * u);
            for (std::int64_t t = 0; t < steps; ++t) {
                const std::int64_t at = b * steps + t;
                double* a = &gates[at * 3 * u];
                if (!mask || mask[at]) {
                    for (std::int64_t j = 0; j < u; ++j) {
                        z[j] = logistic(a[j] + product(now, 0, j) + bias[j]);
                        r[j] = logistic(a[u + j] + product(now, 1, j) + bias[u + j]);
                        kept[j] = r[j] * now[j];
                    }
                    Doubles next = now;
                    for (std::int64_t j = 0; j < u; ++j) {
                        inner[at * u + j] = reset_after ? product(now, 2, j) + bias[2 * u + j] : kept[j];
                        const double g =
                            std::tanh(a[2 * u + j] + (reset_after ? r[j] * inner[at * u + j] : product(kept, 2, j)));
                        next[j] = z[j] * now[j] + (1 - z[j]) * g;
                        a[j] = z[j], a[u + j] = r[j], a[2 * u + j] = g;
                    }
                    now = next;
                }
                for (std::int64_t j = 0; j < u; ++j) h[at * u + j] = now[j];
            }
        }
    }

    void backward(const Doubles& dh, const Doubles& dh_last) {
        const auto [batch, steps, u, masked, from_state] = size;
        const std::int64_t width = (reset_after ? 4 : 3) * u;
        da.assign(static_cast<std::size_t>(batch * steps * width), 0);
        dh_first = dh_last;
        for (std::int64_t b = 0; b < batch; ++b)
            for (std::int64_t t = steps - 1; t >= 0; --t) {
                const std::int64_t at = b * steps + t;
                double* of_h = &dh_first[b * u];
                for (std::int64_t j = 0; j < u; ++j) of_h[j] += dh[at * u + j];
                if (mask && !mask[at]) continue;
                double* d = &da[at * width];
                Doubles of_before(static_cast<std::size_t>(u)), of_product = of_before;
                const auto before = [&, u = u, from_state = from_state](std::int64_t j) {
                    return t > 0 ? h[(at - 1) * u + j] : from_state ? h_first[b * u + j] : 0;
                };
                const double* a = &gates[at * 3 * u];
                for (std::int64_t j = 0; j < u; ++j) {
                    const double z = a[j], r = a[u + j], g = a[2 * u + j];
                    d[j] = of_h[j] * (before(j) - g) * z * (1 - z);
                    d[2 * u + j] = of_h[j] * (1 - z) * (1 - g * g);
                    of_before[j] = of_h[j] * z;
                    if (reset_after) {
                        d[u + j] = d[2 * u + j] * inner[at * u + j] * r * (1 - r);
                        d[3 * u + j] = d[2 * u + j] * r;
                    }
                }
                if (!reset_after)
                    for (std::int64_t j = 0; j < u; ++j) {
                        for (std::int64_t k = 0; k < u; ++k)
                            of_product[j] += d[2 * u + k] * weights[j * 3 * u + 2 * u + k];
                        const double r = a[u + j];
                        d[u + j] = of_product[j] * before(j) * r * (1 - r);
                        of_before[j] += of_product[j] * r;
                    }
                for (std::int64_t j = 0; j < u; ++j)
                    for (std::int64_t k = 0; k < (reset_after ? 3 : 2) * u; ++k)
                        of_before[j] += d[k < 2 * u ? k : u + k] * weights[j * 3 * u + k];
                std::copy(of_before.begin(), of_before.end(), of_h);
            }
    }
};

template <class T>
void check(const Sequences& size, bool reset_after) {
    const auto [batch, steps, u, masked, from_state] = size;
    const std::int64_t width = (reset_after ? 4 : 3) * u;
    const auto mask = mask_of(size);
    const auto weights = recurrent_weights<T>(u, 3 * u), first = random_values<T>(batch * u, 2),
               bias = random_values<T>(3 * u, 3), a = random_values<T>(batch * steps * 3 * u, 4),
               dh = random_values<T>(batch * steps * u, 5), last_dh = random_values<T>(batch * u, 6);
    // The bias is given with a first state, and not without.
    const bool biased = reset_after && from_state;
    Plain plain{size,
                reset_after,
                mask.get(),
                widened(weights),
                biased ? widened(bias) : Doubles(static_cast<std::size_t>(3 * u)),
                widened(first),
                widened(a)};
    plain.forward();
    plain.backward(widened(dh), widened(last_dh));

    for (Isa isa : available()) {
        INFO(name(isa) << ": " << size.text() << (reset_after ? " reset after" : " reset before"));
        Guarded<T> gates(batch * steps * 3 * u), h(batch * steps * u), inner(batch * steps * u),
            da(batch * steps * width), dh_first(batch * u);
        std::copy(a.begin(), a.end(), gates.data());
        GruForward<T> f;
        f.batch = batch, f.steps = steps, f.units = u, f.mask = mask.get(), f.reset_after = reset_after;
        f.recurrent_kernel = weights.data();
        if (biased) f.recurrent_bias = bias.data();
        if (from_state) f.h_first = first.data();
        f.gates = gates.data(), f.h = h.data(), f.inner = inner.data();
        run(isa, f);
        CHECK(difference(h, plain.h) <= recurrent_tolerance<T>);
        CHECK(difference(gates, plain.gates) <= recurrent_tolerance<T>);
        CHECK(difference(inner, plain.inner) <= recurrent_tolerance<T>);
        CHECK((gates.intact() && h.intact() && inner.intact()));

        GruBackward<T> b;
        b.batch = batch, b.steps = steps, b.units = u, b.mask = mask.get(), b.reset_after = reset_after;
        b.recurrent_kernel = weights.data();
        if (from_state) b.h_first = first.data();
        b.gates = gates.data(), b.h = h.data(), b.inner = inner.data();
        b.dh = dh.data(), b.dh_last = last_dh.data();
        b.da = da.data(), b.dh_first = dh_first.data();
        run(isa, b);
        CHECK(difference(da, plain.da) <= recurrent_tolerance<T>);
        CHECK(difference(dh_first, plain.dh_first) <= recurrent_tolerance<T>);
        CHECK((da.intact() && dh_first.intact()));

        // Without room for the derivative the results are the same.
        Guarded<T> again(batch * steps * u);
        std::copy(a.begin(), a.end(), gates.data());
        f.inner = nullptr;
        f.h = again.data();
        run(isa, f);
        CHECK(difference(again, plain.h) <= recurrent_tolerance<T>);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("gru: all steps and back agree with plain loops", "[kernels][recurrent]", float, double) {
    for (bool reset_after : {true, false})
        each_sequences([&](const Sequences& size) { check<TestType>(size, reset_after); });
}
