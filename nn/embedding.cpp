#include <weft/autograd/ops/compare.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/nn/embedding.hpp>
#include <weft/nn/mask.hpp>
#include <weft/nn/registry.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weft::nn {
namespace {

// The first element that is no id of the vocabulary, or -1.
std::int64_t find_stranger(const Tensor& ids, std::int64_t vocabulary) {
    return dispatch(ids.dtype(), [&]<class T>(T) -> std::int64_t {
        const T* values = ids.data().data<T>();
        for (std::int64_t i = 0, n = ids.elements(); i < n; ++i)
            if (!(values[i] >= T(0) && values[i] < static_cast<T>(vocabulary) &&
                  values[i] == static_cast<T>(static_cast<std::int64_t>(values[i]))))
                return i;
        return -1;
    });
}

Shape position(const Shape& shape, std::int64_t element) {
    Shape at = shape;
    for (int i = shape.rank() - 1; i >= 0; --i) {
        at[i] = element % shape[i];
        element /= shape[i];
    }
    return at;
}

}  // namespace

Embedding::Embedding(std::int64_t input_dim, std::int64_t output_dim, const EmbeddingOptions& options)
    : input_dim_(input_dim), output_dim_(output_dim), options_(options) {
    set_common(options.name, options.input_shape);
    set_activity_regularizer(options.activity_regularizer);
    if (input_dim < 1 || output_dim < 1)
        throw ValueError(
            fmt::format("{}: the size of the vocabulary and of the vectors must be positive; received {} and {}",
                        label(), input_dim, output_dim));
}

void Embedding::build(const Shape&) {
    embeddings_ = parameter("embeddings", {input_dim_, output_dim_}, options_.embeddings_initializer,
                            options_.embeddings_regularizer, options_.embeddings_constraint);
}

Tensor Embedding::forward(const Tensor& ids) {
    if (ids.rank() == 0 || ids.dtype() == DType::boolean)
        throw ShapeError(fmt::format("{}: expects int64 ids [batch, ...]; received {}", label(), describe(ids)));
    if (const std::int64_t at = find_stranger(ids, input_dim_); at >= 0)
        throw IndexError(fmt::format(
            "{}: ids must be whole numbers in 0..{}; received {} at position {} of {}. The vocabulary "
            "was declared with input_dim {}.",
            label(), input_dim_ - 1, ids.item<double>(at), str(position(ids.shape(), at)), describe(ids), input_dim_));
    const Tensor index = ids.dtype() == int64 ? ids : ids.detach().to(int64);
    Tensor vectors = gather(embeddings_, index);
    if (options_.mask_zero) set_mask(vectors, not_equal(index, 0));
    return vectors;
}

Shape Embedding::output_shape(const Shape& input) {
    Shape shape = input;
    shape.push_back(output_dim_);
    return shape;
}

nlohmann::json Embedding::config() const {
    nlohmann::json config{{"input_dim", input_dim_}, {"output_dim", output_dim_}, {"mask_zero", options_.mask_zero}};
    put_weight(config, "embeddings", options_.embeddings_initializer, options_.embeddings_regularizer,
               options_.embeddings_constraint);
    put_regularizer(config, "activity_regularizer", options_.activity_regularizer);
    return config;
}

static const bool embedding_registered = register_layer("Embedding", [](const nlohmann::json& c) -> Layer {
    EmbeddingOptions options{.mask_zero = config_bool(c, "mask_zero", false),
                             .activity_regularizer = config_regularizer(c, "activity_regularizer")};
    read_weight(c, "embeddings", options.embeddings_initializer, options.embeddings_regularizer,
                options.embeddings_constraint);
    return Embedding(config_int(c, "input_dim", 0), config_int(c, "output_dim", 0), options);
});

}  // namespace weft::nn
