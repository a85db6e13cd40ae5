// Pooling over sequences [batch, steps, channels].
#pragma once

#include <weft/autograd/ops/pool2d.hpp>
#include <weft/nn/module.hpp>

#include <optional>

namespace weft::nn {

struct Pool1dOptions {
    std::optional<std::int64_t> strides = {};  ///< the pool's size if not given
    std::string padding = "valid";             ///< or "same"
    Shape input_shape = {};
    std::string name = {};
};

namespace detail {
// What the two pooling layers share.
class Pool1d : public Module {
public:
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    nlohmann::json config() const override;

protected:
    using Op = Tensor (*)(const Tensor&, const Pool2dSettings&);
    Pool1d(Op op, std::int64_t pool_size, const Pool1dOptions& options);

private:
    Op op_;
    std::int64_t pool_size_, strides_;
    std::string padding_;
};
}  // namespace detail

/// The largest value of each window. Keras's MaxPooling1D.
class MaxPool1d : public detail::Pool1d {
public:
    explicit MaxPool1d(std::int64_t pool_size = 2, const Pool1dOptions& options = {})
        : Pool1d(max_pool2d, pool_size, options) {}
    std::string class_name() const override { return "MaxPooling1D"; }
};

/// The mean of each window's steps inside the sequence. Keras's AveragePooling1D.
class AvgPool1d : public detail::Pool1d {
public:
    explicit AvgPool1d(std::int64_t pool_size = 2, const Pool1dOptions& options = {})
        : Pool1d(average_pool2d, pool_size, options) {}
    std::string class_name() const override { return "AveragePooling1D"; }
};

struct GlobalPool1dOptions {
    bool keepdims = false;
    Shape input_shape = {};
    std::string name = {};
};

namespace detail {
// What the two global pooling layers share.
class GlobalPool1d : public Module {
public:
    Shape output_shape(const Shape& input) override;
    nlohmann::json config() const override;

protected:
    explicit GlobalPool1d(const GlobalPool1dOptions& options);
    bool keepdims_;
};
}  // namespace detail

/// The mean over the steps: [batch, channels]. Keras's GlobalAveragePooling1D.
class GlobalAveragePool1d : public detail::GlobalPool1d {
public:
    explicit GlobalAveragePool1d(const GlobalPool1dOptions& options = {}) : GlobalPool1d(options) {}
    Tensor forward(const Tensor& x) override;
    std::string class_name() const override { return "GlobalAveragePooling1D"; }
};

/// The largest over the steps: [batch, channels]. Keras's GlobalMaxPooling1D.
class GlobalMaxPool1d : public detail::GlobalPool1d {
public:
    explicit GlobalMaxPool1d(const GlobalPool1dOptions& options = {}) : GlobalPool1d(options) {}
    Tensor forward(const Tensor& x) override;
    std::string class_name() const override { return "GlobalMaxPooling1D"; }
};

}  // namespace weft::nn
