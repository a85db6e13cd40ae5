// What a weight holds before training: Keras's initializers, or a function of one's own.
#pragma once

#include <weft/autograd/random.hpp>
#include <weft/autograd/tensor.hpp>

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft::nn {

/// A rule for a weight's first values: a Keras name ("glorot_uniform", "HeNormal"), what the functions of nn::init
/// return, or any callable Tensor(const Shape&, DType, Generator&).
class Initializer {
public:
    using Draw = std::function<Tensor(const Shape&, DType, Generator&)>;
    /// Settings under Keras's names: {"gain", 1.0}.
    using Config = std::vector<std::pair<std::string, double>>;
    /// The settings that are words: {"mode", "fan_in"}.
    using Words = std::vector<std::pair<std::string, std::string>>;

    /// Throws ValueError for an unknown name, listing the known ones.
    Initializer(const std::string& name);
    Initializer(const char* name) : Initializer(std::string(name)) {}
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, Initializer> &&
                 std::is_invocable_r_v<Tensor, F&, const Shape&, DType, Generator&>)
    Initializer(F draw) : Initializer("", {}, {}, Draw(std::move(draw))) {}
    Initializer(std::string keras_class, Config config, Words words, Draw draw);

    /// By Keras's class name and config, or any name; settings that are not given have Keras's defaults, others are
    /// ignored. Throws ValueError for an unknown name or value.
    static Initializer from_config(const std::string& name, const Config& config, const Words& words = {});

    /// A new tensor. Throws ShapeError or DTypeError if the shape does not suit the rule, or a function of one's own
    /// returned another than it was asked for.
    Tensor operator()(const Shape& shape, DType dtype = float32, Generator& generator = default_generator()) const;

    /// "GlorotUniform"; "" for a function of one's own.
    const std::string& keras_class() const { return keras_class_; }
    const Config& config() const { return config_; }
    const Words& words() const { return words_; }

private:
    std::string keras_class_;
    Config config_;
    Words words_;
    Draw draw_;
};

/// Keras's initializers. A weight's fans are its last two axes times the product of those before them: for a
/// convolution's kernel [height, width, in, out], height * width * in and height * width * out.
namespace init {

Initializer zeros();
Initializer ones();
Initializer constant(double value);
Initializer uniform(double min = -0.05, double max = 0.05);
Initializer normal(double mean = 0, double stddev = 0.05);
/// Normal values, drawn again beyond two standard deviations (of the normal distribution before it is cut).
Initializer truncated_normal(double mean = 0, double stddev = 0.05);

/// Variance scale / n, where n is the mode's fan: "fan_in", "fan_out" or "fan_avg". The distribution is
/// "truncated_normal" (stddev divided by 0.87962566, what cutting at two leaves of it), "untruncated_normal" or
/// "uniform" (to +-sqrt(3 scale / n)). Throws ValueError for other words, or scale <= 0.
Initializer variance_scaling(double scale = 1, const std::string& mode = "fan_in",
                             const std::string& distribution = "truncated_normal");
Initializer glorot_uniform();  ///< scale 1, fan_avg (Glorot and Bengio, 2010)
Initializer glorot_normal();
Initializer he_uniform();      ///< scale 2, fan_in (He et al., 2015)
Initializer he_normal();
Initializer lecun_uniform();   ///< scale 1, fan_in (LeCun et al., 1998)
Initializer lecun_normal();

/// gain times a random matrix of orthonormal columns or, if it is wider than high, rows; all axes but the last count as
/// one. Two axes or more (Saxe et al., 2014).
Initializer orthogonal(double gain = 1);
/// gain on the diagonal of a matrix, else 0.
Initializer identity(double gain = 1);

}  // namespace init
}  // namespace weft::nn
