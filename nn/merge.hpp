// Layers that make one of several: sums, products, extremes, concatenation, dot products.
#pragma once

#include <weft/nn/layer.hpp>

#include <array>
#include <cstdint>
#include <string>

namespace weft::nn {

struct MergeOptions {
    std::string name = {};
};

namespace detail {

/// Element by element. Inputs of fewer axes get axes of 1 behind the batch; then the shapes must be equal or broadcast.
/// A step counts in the result if it counts in any of the inputs, where each has a mask.
class Merge : public Module {
public:
    using Op = Tensor (*)(const Tensors& inputs);

    void build_all(const Shapes& inputs) override { output_shapes(inputs); }
    Tensors call(const Tensors& inputs) override;
    Shapes output_shapes(const Shapes& inputs) override;
    std::string class_name() const override { return class_name_; }

protected:
    Merge(const char* class_name, Op op, const MergeOptions& options, std::size_t inputs = 0);

private:
    void check_count(std::size_t inputs) const;

    const char* class_name_;
    Op op_;
    std::size_t inputs_;  // 0 for any number
};

}  // namespace detail

struct Add : detail::Merge {
    explicit Add(const MergeOptions& options = {});
};
/// The first of two less the second.
struct Subtract : detail::Merge {
    explicit Subtract(const MergeOptions& options = {});
};
/// The product; a step that does not count in one of the inputs is left out of it.
struct Multiply : detail::Merge {
    explicit Multiply(const MergeOptions& options = {});
};
struct Average : detail::Merge {
    explicit Average(const MergeOptions& options = {});
};
/// The largest; as Multiply, of the steps that count.
struct Maximum : detail::Merge {
    explicit Maximum(const MergeOptions& options = {});
};
struct Minimum : detail::Merge {
    explicit Minimum(const MergeOptions& options = {});
};

struct ConcatenateOptions {
    std::int64_t axis = -1;
    std::string name = {};
};

/// Inputs one after another along an axis; the other axes must be equal.
class Concatenate : public Module {
public:
    explicit Concatenate(const ConcatenateOptions& options = {});
    void build_all(const Shapes& inputs) override { output_shapes(inputs); }
    Tensors call(const Tensors& inputs) override;
    Shapes output_shapes(const Shapes& inputs) override;
    nlohmann::json config() const override;

private:
    std::int64_t axis_;
};

struct DotOptions {
    bool normalize = false;  ///< scales to length 1 along the axes first: the cosine of the angle
    std::string name = {};
};

/// The sum of products of two inputs, a [batch, ...] and b [batch, ...], along an axis of each: the other axes of a,
/// then those of b; [batch, 1] for two vectors. The axes are not 0, the batch.
class Dot : public Module {
public:
    explicit Dot(std::int64_t axes, const DotOptions& options = {}) : Dot(std::array{axes, axes}, options) {}
    explicit Dot(const std::array<std::int64_t, 2>& axes, const DotOptions& options = {});
    void build_all(const Shapes& inputs) override { output_shapes(inputs); }
    Tensors call(const Tensors& inputs) override;
    Shapes output_shapes(const Shapes& inputs) override;
    nlohmann::json config() const override;

private:
    std::array<int, 2> axes_of(const Shape& a, const Shape& b) const;

    std::array<std::int64_t, 2> axes_;
    bool normalize_;
};

/// As the layers Add, Subtract and Multiply.
Symbol operator+(const Symbol& a, const Symbol& b);
Symbol operator-(const Symbol& a, const Symbol& b);
Symbol operator*(const Symbol& a, const Symbol& b);

}  // namespace weft::nn
