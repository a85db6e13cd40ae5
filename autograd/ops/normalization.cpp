#include <weft/autograd/kernels/normalization.hpp>
#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/elementwise.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/ops/normalization.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/ops/reshape.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace weft {
namespace {

// How an x is seen: [outer, rows, groups, width]. Each (outer, group) has its mean and variance over rows and width;
// gamma and beta are [groups, width].
struct View {
    std::int64_t outer, rows, groups, width;
    double epsilon;
    std::int64_t columns() const { return groups * width; }
    /// Whether each row of memory is normalized by itself.
    bool by_row() const { return rows == 1 && groups == 1; }
};

// Of each (outer, group).
struct Statistics {
    std::vector<double> mean, scale;  // scale = 1 / sqrt(variance + epsilon)
};

template <class T>
const kernels::NormalizationFunctions<T>& normalization_functions() {
    const auto& table = kernels::active<kernels::Normalization>();
    if constexpr (std::is_same_v<T, float>) return table.f32;
    else return table.f64;
}

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// Rows are summed in parts whose number does not depend on the threads, so that neither do the sums.
struct Parts {
    std::int64_t each, rows, columns;  // parts of one outer

    explicit Parts(const View& v) : rows(v.rows), columns(v.columns()) {
        each = std::clamp<std::int64_t>(rows * columns / kernels::elementwise_grain, 1,
                                        std::clamp<std::int64_t>(rows, 1, 16));
    }
    std::int64_t begin(std::int64_t part) const { return rows * (part % each) / each; }
    std::int64_t count(std::int64_t part) const { return rows * (part % each + 1) / each - begin(part); }
    /// Where the part's first element lies.
    std::int64_t offset(std::int64_t part) const { return (part / each * rows + begin(part)) * columns; }
    /// body(part, first element, rows) for the parts of all `outer`.
    template <class F>
    void run(std::int64_t outer, F&& body) const {
        const std::int64_t cost = std::max<std::int64_t>(rows * columns / each, 1);
        kernels::parallel_for(outer * each, std::max<std::int64_t>(kernels::elementwise_grain / cost, 1),
                              [&](std::int64_t first, std::int64_t last) {
                                  for (std::int64_t part = first; part < last; ++part)
                                      body(part, offset(part), count(part));
                              });
    }
};

// Two sums for each part and column.
struct Sums {
    std::vector<double> first, second;
    explicit Sums(std::int64_t n) : first(at(n)), second(at(n)) {}
};

template <class T>
Statistics column_statistics(const T* x, const View& v, std::vector<double>* variances) {
    const Parts parts(v);
    const std::int64_t columns = v.columns();
    Sums sums(v.outer * parts.each * columns);
    parts.run(v.outer, [&](std::int64_t part, std::int64_t offset, std::int64_t rows) {
        normalization_functions<T>().moments(x + offset, &sums.first[at(part * columns)],
                                             &sums.second[at(part * columns)], rows, columns);
    });
    Statistics result{std::vector<double>(at(v.outer * v.groups)), std::vector<double>(at(v.outer * v.groups))};
    for (std::int64_t o = 0; o < v.outer; ++o)
        for (std::int64_t g = 0; g < v.groups; ++g) {
            double count = 0, mean = 0, squares = 0;
            for (std::int64_t part = o * parts.each; part < (o + 1) * parts.each; ++part)
                for (std::int64_t c = g * v.width; c < (g + 1) * v.width; ++c) {
                    const double more = static_cast<double>(parts.count(part)), whole = count + more;
                    const double difference = sums.first[at(part * columns + c)] - mean;
                    if (more == 0) continue;
                    mean += difference * more / whole;
                    squares += sums.second[at(part * columns + c)] + difference * difference * count * more / whole;
                    count = whole;
                }
            const double variance = count > 0 ? squares / count : 0;
            result.mean[at(o * v.groups + g)] = mean;
            result.scale[at(o * v.groups + g)] = 1 / std::sqrt(variance + v.epsilon);
            if (variances) variances->push_back(variance);
        }
    return result;
}

// Numbers of T for each column of each outer.
template <class T>
std::vector<T> per_column(
    const View& v, const std::function<double(std::int64_t outer, std::int64_t group, std::int64_t column)>& value) {
    std::vector<T> all(at(v.outer * v.columns()));
    for (std::int64_t o = 0; o < v.outer; ++o)
        for (std::int64_t c = 0; c < v.columns(); ++c)
            all[at(o * v.columns() + c)] = static_cast<T>(value(o, o * v.groups + c / v.width, c));
    return all;
}

template <class T>
Statistics normalize_columns(const Tensor& x, const Tensor& gamma, const Tensor& beta, const View& v, Array& y,
                             std::vector<double>* variances) {
    const T *input = x.data().data<T>(), *scales = data_or_null<T>(gamma), *shifts = data_or_null<T>(beta);
    const Statistics s = column_statistics(input, v, variances);
    const auto center = per_column<T>(v, [&](auto, auto g, auto) { return s.mean[at(g)]; });
    const auto factor = per_column<T>(
        v, [&](auto, auto g, auto c) { return s.scale[at(g)] * (scales ? static_cast<double>(scales[c]) : 1); });
    const auto shift = per_column<T>(v, [&](auto, auto g, auto c) {
        // What rounding the mean left out belongs here.
        const double rest = (static_cast<double>(static_cast<T>(s.mean[at(g)])) - s.mean[at(g)]) * s.scale[at(g)] *
                            (scales ? static_cast<double>(scales[c]) : 1);
        return rest + (shifts ? static_cast<double>(shifts[c]) : 0);
    });
    const Parts parts(v);
    parts.run(v.outer, [&](std::int64_t part, std::int64_t offset, std::int64_t rows) {
        const std::size_t first = at(part / parts.each * v.columns());
        normalization_functions<T>().affine(input + offset, &center[first], &factor[first], &shift[first],
                                            y.data<T>() + offset, rows, v.columns());
    });
    return s;
}

template <class T>
Statistics normalize_rows(const Tensor& x, const Tensor& gamma, const Tensor& beta, const View& v, Array& y) {
    const std::int64_t n = v.width;
    Statistics s{std::vector<double>(at(v.outer)), std::vector<double>(at(v.outer))};
    kernels::parallel_for(
        v.outer, std::max<std::int64_t>(kernels::elementwise_grain / 4 / std::max<std::int64_t>(n, 1), 1),
        [&](std::int64_t begin, std::int64_t end) {
            normalization_functions<T>().rows(x.data().data<T>() + begin * n, data_or_null<T>(gamma),
                                              data_or_null<T>(beta), y.data<T>() + begin * n, &s.mean[at(begin)],
                                              &s.scale[at(begin)], end - begin, n, v.epsilon);
        });
    return s;
}

// Fills {dx, dgamma, dbeta}.
template <class T>
void columns_gradient(const Tensor& dy, const Tensor& x, const Tensor& gamma, const View& v, const Statistics& s,
                      std::vector<Array>& results) {
    const T *input = x.data().data<T>(), *gradient = dy.data().data<T>(), *scales = data_or_null<T>(gamma);
    const std::int64_t columns = v.columns();
    const auto center = per_column<T>(v, [&](auto, auto g, auto) { return s.mean[at(g)]; });
    const Parts parts(v);
    Sums by_part(v.outer * parts.each * columns), sums(v.outer * columns);
    parts.run(v.outer, [&](std::int64_t part, std::int64_t offset, std::int64_t rows) {
        normalization_functions<T>().products(
            input + offset, gradient + offset, &center[at(part / parts.each * columns)],
            &by_part.first[at(part * columns)], &by_part.second[at(part * columns)], rows, columns);
    });
    for (std::int64_t part = 0; part < v.outer * parts.each; ++part)
        for (std::int64_t c = 0; c < columns; ++c) {
            const std::size_t to = at(part / parts.each * columns + c), from = at(part * columns + c),
                              group = at(part / parts.each * v.groups + c / v.width);
            sums.first[to] += by_part.first[from];
            const double rest = static_cast<double>(static_cast<T>(s.mean[group])) - s.mean[group];
            sums.second[to] += by_part.second[from] + rest * by_part.first[from];
        }
    const double count = static_cast<double>(std::max<std::int64_t>(v.rows * v.width, 1));
    std::vector<double> mean_gradient(s.mean.size()), mean_product(s.mean.size());
    for (std::int64_t o = 0; o < v.outer; ++o)
        for (std::int64_t c = 0; c < columns; ++c) {
            const std::size_t group = at(o * v.groups + c / v.width), from = at(o * columns + c);
            const double scale = scales ? static_cast<double>(scales[c]) : 1;
            mean_gradient[group] += scale * sums.first[from] / count;
            mean_product[group] += scale * sums.second[from] / count;
        }
    const auto factor = per_column<T>(
        v, [&](auto, auto g, auto c) { return s.scale[at(g)] * (scales ? static_cast<double>(scales[c]) : 1); });
    const auto slope =
        per_column<T>(v, [&](auto, auto g, auto) { return -std::pow(s.scale[at(g)], 3) * mean_product[at(g)]; });
    const auto shift = per_column<T>(v, [&](auto, auto g, auto) {
        const double rest = static_cast<double>(static_cast<T>(s.mean[at(g)])) - s.mean[at(g)];
        return -s.scale[at(g)] * mean_gradient[at(g)] - rest * std::pow(s.scale[at(g)], 3) * mean_product[at(g)];
    });
    parts.run(v.outer, [&](std::int64_t part, std::int64_t offset, std::int64_t rows) {
        const std::size_t first = at(part / parts.each * columns);
        normalization_functions<T>().affine_gradient(input + offset, gradient + offset, &center[first], &factor[first],
                                                     &slope[first], &shift[first], results[0].data<T>() + offset, rows,
                                                     columns);
    });
    for (std::int64_t c = 0; c < columns; ++c) {
        double dgamma = 0, dbeta = 0;
        for (std::int64_t o = 0; o < v.outer; ++o) {
            dgamma += sums.second[at(o * columns + c)] * s.scale[at(o * v.groups + c / v.width)];
            dbeta += sums.first[at(o * columns + c)];
        }
        results[1].data<T>()[c] = static_cast<T>(dgamma);
        results[2].data<T>()[c] = static_cast<T>(dbeta);
    }
}

template <class T>
void rows_gradient(const Tensor& dy, const Tensor& x, const Tensor& gamma, const View& v, const Statistics& s,
                   std::vector<Array>& results) {
    const std::int64_t n = v.width, parts = std::clamp<std::int64_t>(v.outer * n / kernels::elementwise_grain, 1,
                                                                     std::clamp<std::int64_t>(v.outer, 1, 16));
    Sums sums(parts * n);
    kernels::parallel_for(parts, 1, [&](std::int64_t first, std::int64_t last) {
        for (std::int64_t part = first; part < last; ++part) {
            const std::int64_t begin = v.outer * part / parts, end = v.outer * (part + 1) / parts;
            normalization_functions<T>().rows_gradient(
                x.data().data<T>() + begin * n, dy.data().data<T>() + begin * n, data_or_null<T>(gamma),
                s.mean.data() + begin, s.scale.data() + begin, results[0].data<T>() + begin * n,
                sums.first.data() + part * n, sums.second.data() + part * n, end - begin, n);
        }
    });
    for (std::int64_t c = 0; c < n; ++c) {
        double dgamma = 0, dbeta = 0;
        for (std::int64_t part = 0; part < parts; ++part)
            dgamma += sums.first[at(part * n + c)], dbeta += sums.second[at(part * n + c)];
        results[1].data<T>()[c] = static_cast<T>(dgamma);
        results[2].data<T>()[c] = static_cast<T>(dbeta);
    }
}

// {dx, dgamma, dbeta}, the two latter [groups * width]. With n(x) the normalized x, G(u) = dn/dx applied to u is
// scale (u - mean(u) - n mean(u n)), and dx = G(gamma dy), dgamma = sum(dy n), dbeta = sum(dy).
Tensors normalization_gradient(const Tensor& dy, const Tensor& x, const Tensor& gamma, const View& v,
                               const Statistics& s) {
    std::vector<Array> results{Array(x.shape(), x.dtype()), Array({v.columns()}, x.dtype()),
                               Array({v.columns()}, x.dtype())};
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        v.by_row() ? rows_gradient<T>(dy, x, gamma, v, s, results) : columns_gradient<T>(dy, x, gamma, v, s, results);
    });
    return record_list(
        std::move(results), {dy, x, gamma},
        [dy = save(dy), x = save(x), gamma = gamma.defined() ? save(gamma) : Saved(), has_gamma = gamma.defined(), v,
         s](Wanted wanted, const Tensors& d) {
            // All in the shape of the view; p, q and r came to dx, dgamma and dbeta.
            const Shape whole{v.outer, v.rows, v.groups, v.width}, channels{v.groups, v.width};
            const auto mean_of = [](const Tensor& t) { return mean(t, {1, 3}, true); };
            const Tensor input = x.get(), values = input.reshape(whole), u = dy.get().reshape(whole);
            const Tensor factor = has_gamma ? gamma.get().reshape(channels) : Tensor();
            const auto times_gamma = [&](const Tensor& t) { return has_gamma ? t * factor : t; };
            const auto g_of = [&](const Tensor& t) {
                return normalization_gradient(t.reshape(input.shape()), input, {}, v, s)[0].reshape(whole);
            };
            const Tensor centered = values - mean_of(values), scale = rsqrt(mean_of(square(centered)) + v.epsilon),
                         n = centered * scale;
            Gradients result(3);
            const auto add = [&](std::size_t i, const Tensor& term) {
                const Tensor shaped = i == 2 ? sum(term, {0, 1}).reshape(gamma.shape()) : term.reshape(input.shape());
                result[i] = result[i].defined() ? result[i] + shaped : shaped;
            };
            if (d[0].defined()) {
                const Tensor p = d[0].reshape(whole), gp = g_of(p);
                if (wanted[0]) add(0, times_gamma(gp));
                if (wanted[2]) add(2, u * gp);
                if (wanted[1]) {
                    // The derivative of sum(p G(t)) through scale and n, where t = gamma u.
                    const Tensor t = times_gamma(u), a = mean_of(t * n), b = mean_of(p * n);
                    const Tensor spread = mean_of(t * p) - mean_of(t) * mean_of(p) - a * b;
                    add(1, -(square(scale) * n * spread + scale * (a * gp + b * g_of(t))));
                }
            }
            if (d[1].defined()) {
                const Tensor q = d[1].reshape(channels);
                if (wanted[0]) add(0, q * n);
                if (wanted[1]) add(1, g_of(q * u));
            }
            if (d[2].defined() && wanted[0]) add(0, broadcast_to(d[2].reshape(channels), whole));
            return result;
        });
}

Tensor normalize(const Tensor& x, const Tensor& gamma, const Tensor& beta, const View& v, const char* where,
                 std::vector<double>* means = nullptr, std::vector<double>* variances = nullptr) {
    Array result(x.shape(), x.dtype());
    Statistics s;
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        s = v.by_row() ? normalize_rows<T>(x, gamma, beta, v, result)
                       : normalize_columns<T>(x, gamma, beta, v, result, variances);
    });
    if (means) *means = s.mean;
    return record_list({std::move(result)}, {x, gamma, beta},
                       [x = save(x), gamma = gamma.defined() ? save(gamma) : Saved(), has_gamma = gamma.defined(),
                        beta_shape = beta.defined() ? beta.shape() : Shape(), v, s](Wanted wanted, const Tensors& dy) {
                           Gradients all = normalization_gradient(dy[0], x, has_gamma ? gamma.get() : Tensor(), v, s);
                           if (wanted[1]) all[1] = all[1].reshape(gamma.shape());
                           if (wanted[2]) all[2] = all[2].reshape(beta_shape);
                           return all;
                       }, {}, where)[0];
}

void check(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Shape& channels, const char* where) {
    for (const Tensor* t : {&gamma, &beta}) {
        if (!t->defined()) continue;
        if (t->dtype() != x.dtype())
            throw DTypeError(
                fmt::format("{}: gamma and beta must be as x, {}; received {}", where, describe(x), describe(*t)));
        if (t->shape() != channels)
            throw ShapeError(fmt::format("{}: gamma and beta must be {} for {}; received {}", where, str(channels),
                                         describe(x), describe(*t)));
    }
}

void check_channels(const Tensor& x, int least_rank, const char* where) {
    require_floating(x, where);
    if (x.rank() < least_rank)
        throw ShapeError(fmt::format("{}: expects at least {} axes, the last of channels; received {}", where,
                                     least_rank, describe(x)));
}

Tensor vector_of(const std::vector<double>& values, DType dtype) {
    Array array({static_cast<std::int64_t>(values.size())}, dtype);
    dispatch_floating(dtype, [&]<class T>(T) {
        std::transform(values.begin(), values.end(), array.data<T>(),
                       [](double value) { return static_cast<T>(value); });
    });
    return Tensor(std::move(array));
}

}  // namespace

Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon,
                  ChannelStatistics* statistics) {
    check_channels(x, 1, "batch_norm");
    const std::int64_t channels = x.shape().back();
    check(x, gamma, beta, {channels}, "batch_norm");
    std::vector<double> means, variances;
    const View view{1, channels ? x.elements() / channels : 0, channels, 1, epsilon};
    // A single channel would count as one row to normalize by itself, but only if it has one value.
    const Tensor y = normalize(x, gamma, beta, view, "batch_norm", &means, &variances);
    if (view.by_row()) variances.assign(means.size(), 0);
    if (statistics) *statistics = {vector_of(means, x.dtype()), vector_of(variances, x.dtype())};
    return y;
}

Tensor layer_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon, int axes) {
    const Tensor& given = gamma.defined() ? gamma : beta;
    if (given.defined()) axes = given.rank();
    check_channels(x, axes, "layer_norm");
    if (axes < 1) throw ShapeError(fmt::format("layer_norm: at least one axis must be normalized; received {}", axes));
    Shape normalized;
    for (int i = x.rank() - axes; i < x.rank(); ++i) normalized.push_back(x.shape()[i]);
    check(x, gamma, beta, normalized, "layer_norm");
    const std::int64_t width = normalized.elements();
    return normalize(x, gamma, beta, {width ? x.elements() / width : 0, 1, 1, width, epsilon}, "layer_norm");
}

Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& gamma, const Tensor& beta, double epsilon) {
    check_channels(x, 2, "group_norm");
    const std::int64_t channels = x.shape().back();
    if (groups < 1 || channels % groups != 0)
        throw ShapeError(fmt::format("group_norm: the groups must divide the channels; received {} groups of {}",
                                     groups, describe(x)));
    check(x, gamma, beta, {channels}, "group_norm");
    const std::int64_t samples = x.shape(0), rows = x.elements() ? x.elements() / (samples * channels) : 0;
    return normalize(x, gamma, beta, {samples, rows, groups, channels / groups, epsilon}, "group_norm");
}

Tensor scale_shift(const Tensor& x, const Tensor& factor, const Tensor& shift) {
    check_channels(x, 1, "scale_shift");
    const std::int64_t channels = x.shape().back();
    check(x, factor, shift, {channels}, "scale_shift");
    if (!factor.defined() || !shift.defined()) throw ValueError("scale_shift: factor and shift must be given");
    Array result(x.shape(), x.dtype());
    const Parts parts(View{1, channels ? x.elements() / channels : 0, channels, 1, 0});
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        const std::vector<T> center(at(channels));
        parts.run(1, [&](std::int64_t, std::int64_t offset, std::int64_t rows) {
            normalization_functions<T>().affine(x.data().data<T>() + offset, center.data(), factor.data().data<T>(),
                                                shift.data().data<T>(), result.data<T>() + offset, rows, channels);
        });
    });
    return record(
        std::move(result), {x, factor, shift}, [factor = save(factor)](const Tensor& dy) { return dy * factor.get(); },
        [x = save(x)](const Tensor& dy) { return dy * x.get(); }, [](const Tensor& dy) { return dy; });
}

}  // namespace weft
