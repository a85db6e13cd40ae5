// Layers that only rearrange.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct FlattenOptions {
    Shape input_shape = {};
    std::string name = {};
};

/// [batch, ...] to [batch, all the rest], in row-major order.
class Flatten : public Module {
public:
    explicit Flatten(const FlattenOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "Flatten"; }
    nlohmann::json config() const override;
};

struct ReshapeOptions {
    Shape input_shape = {};
    std::string name = {};
};

/// [batch, ...] to [batch, target shape]; one axis of the target may be -1.
class Reshape : public Module {
public:
    explicit Reshape(const Shape& target_shape, const ReshapeOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "Reshape"; }
    nlohmann::json config() const override;

private:
    Shape target_;
};

struct PermuteOptions {
    Shape input_shape = {};
    std::string name = {};
};

/// Axis i of each sample is its axis dims[i - 1], counted from 1: Permute({2, 1}) turns [batch, a, b] into [batch, b,
/// a].
class Permute : public Module {
public:
    /// Throws ValueError unless dims holds each of 1 .. n once.
    explicit Permute(const std::vector<std::int64_t>& dims, const PermuteOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "Permute"; }
    nlohmann::json config() const override;

private:
    std::vector<std::int64_t> dims_;
};

struct RepeatVectorOptions {
    Shape input_shape = {};
    std::string name = {};
};

/// [batch, features] n times: [batch, n, features].
class RepeatVector : public Module {
public:
    explicit RepeatVector(std::int64_t n, const RepeatVectorOptions& options = {});
    Tensor forward(const Tensor& x) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "RepeatVector"; }
    nlohmann::json config() const override;

private:
    std::int64_t n_;
};

}  // namespace weft::nn
