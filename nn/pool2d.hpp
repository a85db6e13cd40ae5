// Pooling over images [batch, height, width, channels].
#pragma once

#include <weft/autograd/ops/pool2d.hpp>
#include <weft/nn/module.hpp>
#include <weft/nn/size.hpp>

#include <optional>

namespace weft::nn {

struct Pool2dOptions {
    std::optional<Size2> strides = {};  ///< the pool's size if not given
    std::string padding = "valid";      ///< or "same"
    Shape input_shape = {};
    std::string name = {};
};

namespace detail {
// What the two pooling layers share.
class Pool2d : public Module {
public:
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    nlohmann::json config() const override;

protected:
    using Op = Tensor (*)(const Tensor&, const Pool2dSettings&);
    Pool2d(Op op, const char* what, Size2 pool_size, const Pool2dOptions& options);

private:
    Op op_;
    std::string padding_;
    Pool2dSettings settings_;
};
}  // namespace detail

/// The largest value of each window. Keras's MaxPooling2D.
class MaxPool2d : public detail::Pool2d {
public:
    explicit MaxPool2d(Size2 pool_size = 2, const Pool2dOptions& options = {})
        : Pool2d(max_pool2d, "MaxPool2d", pool_size, options) {}
    std::string class_name() const override { return "MaxPooling2D"; }
};

/// The mean of each window's cells inside the image. Keras's AveragePooling2D.
class AvgPool2d : public detail::Pool2d {
public:
    explicit AvgPool2d(Size2 pool_size = 2, const Pool2dOptions& options = {})
        : Pool2d(average_pool2d, "AvgPool2d", pool_size, options) {}
    std::string class_name() const override { return "AveragePooling2D"; }
};

struct GlobalPool2dOptions {
    bool keepdims = false;
    Shape input_shape = {};
    std::string name = {};
};

/// The mean over height and width: [batch, channels].
class GlobalAveragePool2d : public Module {
public:
    explicit GlobalAveragePool2d(const GlobalPool2dOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "GlobalAveragePooling2D"; }
    nlohmann::json config() const override;

private:
    bool keepdims_;
};

/// The largest over height and width: [batch, channels].
class GlobalMaxPool2d : public Module {
public:
    explicit GlobalMaxPool2d(const GlobalPool2dOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "GlobalMaxPooling2D"; }
    nlohmann::json config() const override;

private:
    bool keepdims_;
};

}  // namespace weft::nn
