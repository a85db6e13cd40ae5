#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/nn/initializers.hpp>
#include <weft/nn/orthonormal.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace weft::nn {
namespace {

// What a row's factory reads its settings from.
struct Given {
    const Initializer::Config& config;
    const Initializer::Words& words;

    double number(const char* key, double otherwise) const { return find(config, key, otherwise); }
    std::string word(const char* key, const char* otherwise) const { return find(words, key, std::string(otherwise)); }

private:
    template <class Value>
    static Value find(const std::vector<std::pair<std::string, Value>>& settings, const char* key, Value otherwise) {
        for (const auto& [name, value] : settings)
            if (name == key) return value;
        return otherwise;
    }
};

struct Row {
    std::vector<std::string> names;  // the usual one first; Keras's class name counts as well
    const char* keras_class;
    Initializer (*make)(const Given&);
};

const std::vector<Row>& table() {
    static const std::vector<Row> rows{
        {{"zeros", "zero"}, "Zeros", [](const Given&) { return init::zeros(); }},
        {{"ones", "one"}, "Ones", [](const Given&) { return init::ones(); }},
        {{"constant"}, "Constant", [](const Given& given) { return init::constant(given.number("value", 0)); }},
        {{"uniform", "random_uniform"},
         "RandomUniform",
         [](const Given& given) { return init::uniform(given.number("minval", -0.05), given.number("maxval", 0.05)); }},
        {{"normal", "random_normal"},
         "RandomNormal",
         [](const Given& given) { return init::normal(given.number("mean", 0), given.number("stddev", 0.05)); }},
        {{"truncated_normal"},
         "TruncatedNormal",
         [](const Given& given) {
             return init::truncated_normal(given.number("mean", 0), given.number("stddev", 0.05));
         }},
        {{"variance_scaling"},
         "VarianceScaling",
         [](const Given& given) {
             return init::variance_scaling(given.number("scale", 1), given.word("mode", "fan_in"),
                                           given.word("distribution", "truncated_normal"));
         }},
        {{"glorot_uniform"}, "GlorotUniform", [](const Given&) { return init::glorot_uniform(); }},
        {{"glorot_normal"}, "GlorotNormal", [](const Given&) { return init::glorot_normal(); }},
        {{"he_uniform"}, "HeUniform", [](const Given&) { return init::he_uniform(); }},
        {{"he_normal"}, "HeNormal", [](const Given&) { return init::he_normal(); }},
        {{"lecun_uniform"}, "LecunUniform", [](const Given&) { return init::lecun_uniform(); }},
        {{"lecun_normal"}, "LecunNormal", [](const Given&) { return init::lecun_normal(); }},
        {{"orthogonal", "OrthogonalInitializer"},
         "Orthogonal",
         [](const Given& given) { return init::orthogonal(given.number("gain", 1)); }},
        {{"identity", "IdentityInitializer"},
         "Identity",
         [](const Given& given) { return init::identity(given.number("gain", 1)); }},
    };
    return rows;
}

std::string pick(const std::string& word, const std::vector<std::string>& known, const char* what) {
    if (std::find(known.begin(), known.end(), word) == known.end())
        throw ValueError(fmt::format("variance_scaling: there is no {} '{}'. {}", what, word, suggest(word, known)));
    return word;
}

// Fans as Keras counts them.
double fan(const Shape& shape, const std::string& mode) {
    double in = 1, out = 1;
    if (shape.rank() == 1) in = out = static_cast<double>(shape[0]);
    if (shape.rank() >= 2) {
        double receptive_field = 1;
        for (int axis = 0; axis < shape.rank() - 2; ++axis) receptive_field *= static_cast<double>(shape[axis]);
        in = receptive_field * static_cast<double>(shape[shape.rank() - 2]);
        out = receptive_field * static_cast<double>(shape.back());
    }
    return std::max(1.0, mode == "fan_in" ? in : mode == "fan_out" ? out : (in + out) / 2);
}

Initializer::Draw scaled(double scale, const std::string& mode, const std::string& distribution) {
    return [=](const Shape& shape, DType dtype, Generator& generator) {
        const double variance = scale / fan(shape, mode);
        if (distribution == "uniform") {
            const double limit = std::sqrt(3 * variance);
            return random::uniform(shape, -limit, limit, dtype, generator);
        }
        if (distribution == "untruncated_normal")
            return random::normal(shape, 0, std::sqrt(variance), dtype, generator);
        constexpr double left = 0.87962566103423978;  // stddev of the standard normal distribution cut at +-2
        return random::truncated_normal(shape, 0, std::sqrt(variance) / left, dtype, generator);
    };
}

Initializer::Draw filled(double value) {
    return [=](const Shape& shape, DType dtype, Generator&) { return full(shape, value, dtype); };
}

}  // namespace

Initializer::Initializer(std::string keras_class, Config config, Words words, Draw draw)
    : keras_class_(std::move(keras_class)), config_(std::move(config)), words_(std::move(words)),
      draw_(std::move(draw)) {}

Initializer::Initializer(const std::string& name) : Initializer(from_config(name, {})) {}

Initializer Initializer::from_config(const std::string& name, const Config& config, const Words& words) {
    const std::string wanted = lower(name);
    std::vector<std::string> known;
    for (const Row& row : table()) {
        known.push_back(row.names.front());
        bool found = lower(row.keras_class) == wanted;
        for (const std::string& alias : row.names) found = found || lower(alias) == wanted;
        if (found) return row.make({config, words});
    }
    throw ValueError(fmt::format("initializer: there is none named '{}'. {}", name, suggest(name, known)));
}

Tensor Initializer::operator()(const Shape& shape, DType dtype, Generator& generator) const {
    const NoGrad guard;
    Tensor made = draw_(shape, dtype, generator);
    if (!made.defined() || made.shape() != shape || made.dtype() != dtype)
        throw ShapeError(fmt::format("initializer: it must return {} {}, as it was asked; it returned {}", name(dtype),
                                     str(shape), describe(made)));
    return made;
}

namespace init {

Initializer zeros() { return {"Zeros", {}, {}, filled(0)}; }
Initializer ones() { return {"Ones", {}, {}, filled(1)}; }
Initializer constant(double value) { return {"Constant", {{"value", value}}, {}, filled(value)}; }

Initializer uniform(double min, double max) {
    return {"RandomUniform",
            {{"minval", min}, {"maxval", max}},
            {},
            [=](const Shape& shape, DType dtype, Generator& generator) {
                return random::uniform(shape, min, max, dtype, generator);
            }};
}

Initializer normal(double mean, double stddev) {
    return {"RandomNormal",
            {{"mean", mean}, {"stddev", stddev}},
            {},
            [=](const Shape& shape, DType dtype, Generator& generator) {
                return random::normal(shape, mean, stddev, dtype, generator);
            }};
}

Initializer truncated_normal(double mean, double stddev) {
    return {"TruncatedNormal",
            {{"mean", mean}, {"stddev", stddev}},
            {},
            [=](const Shape& shape, DType dtype, Generator& generator) {
                return random::truncated_normal(shape, mean, stddev, dtype, generator);
            }};
}

Initializer variance_scaling(double scale, const std::string& mode, const std::string& distribution) {
    if (!(scale > 0)) throw ValueError(fmt::format("variance_scaling: scale must be above 0; received {}", scale));
    pick(mode, {"fan_in", "fan_out", "fan_avg"}, "mode");
    // Keras 2 said "normal" for the truncated one.
    const std::string drawn = pick(distribution == "normal" ? "truncated_normal" : distribution,
                                   {"truncated_normal", "untruncated_normal", "uniform"}, "distribution");
    return {
        "VarianceScaling", {{"scale", scale}}, {{"mode", mode}, {"distribution", drawn}}, scaled(scale, mode, drawn)};
}

Initializer glorot_uniform() { return {"GlorotUniform", {}, {}, scaled(1, "fan_avg", "uniform")}; }
Initializer glorot_normal() { return {"GlorotNormal", {}, {}, scaled(1, "fan_avg", "truncated_normal")}; }
Initializer he_uniform() { return {"HeUniform", {}, {}, scaled(2, "fan_in", "uniform")}; }
Initializer he_normal() { return {"HeNormal", {}, {}, scaled(2, "fan_in", "truncated_normal")}; }
Initializer lecun_uniform() { return {"LecunUniform", {}, {}, scaled(1, "fan_in", "uniform")}; }
Initializer lecun_normal() { return {"LecunNormal", {}, {}, scaled(1, "fan_in", "truncated_normal")}; }

Initializer orthogonal(double gain) {
    return {"Orthogonal", {{"gain", gain}}, {}, [=](const Shape& shape, DType dtype, Generator& generator) {
                if (shape.rank() < 2)
                    throw ShapeError(
                        fmt::format("orthogonal: the weight must have two axes or more; received {}", str(shape)));
                const std::int64_t columns = shape.back(), rows = columns == 0 ? 0 : shape.elements() / columns;
                return (random_orthonormal(rows, columns, generator) * gain).to(dtype).reshape(shape);
            }};
}

Initializer identity(double gain) {
    return {"Identity", {{"gain", gain}}, {}, [=](const Shape& shape, DType dtype, Generator&) {
                if (shape.rank() != 2)
                    throw ShapeError(fmt::format("identity: the weight must be a matrix; received {}", str(shape)));
                Array result = zeros_array(shape, dtype);
                dispatch_floating(dtype, [&]<class T>(T) {
                    for (std::int64_t i = 0; i < std::min(shape[0], shape[1]); ++i)
                        result.data<T>()[i * shape[1] + i] = static_cast<T>(gain);
                });
                return Tensor(std::move(result));
            }};
}

}  // namespace init
}  // namespace weft::nn
