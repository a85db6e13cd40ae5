// A vector for each token of a vocabulary.
#pragma once

#include <weft/nn/module.hpp>

namespace weft::nn {

struct EmbeddingOptions {
    Initializer embeddings_initializer = "uniform";
    Regularizer embeddings_regularizer = {};
    Constraint embeddings_constraint = {};
    bool mask_zero = false;  ///< id 0 is padding: the result carries a mask that is false there
    Regularizer activity_regularizer = {};
    Shape input_shape = {};  ///< without the batch axis: {None} for sequences of any length
    std::string name = {};
};

/// The rows of a table that ids name: int64 [batch, ...], such as [batch, time], to [batch, ..., output_dim]. Ids lie
/// in 0 .. input_dim - 1; whole numbers of a float type will do. Weights: embeddings [input_dim, output_dim]. Throws
/// IndexError for an id outside the vocabulary, naming id and position.
class Embedding : public Module {
public:
    Embedding(std::int64_t input_dim, std::int64_t output_dim, const EmbeddingOptions& options = {});
    void build(const Shape& input) override;
    Tensor forward(const Tensor& ids) override;
    Shape output_shape(const Shape& input) override;
    std::string class_name() const override { return "Embedding"; }
    nlohmann::json config() const override;

private:
    std::int64_t input_dim_, output_dim_;
    EmbeddingOptions options_;
    Tensor embeddings_;
};

}  // namespace weft::nn
