// The training loop behind Model::fit, evaluate and train_on_batch.
#pragma once

#include <weft/nn/model.hpp>

#include <memory>
#include <string>

namespace weft::nn {

/// What compile leaves in a model.
struct Model::Training {
    std::optional<CompileOptions> options;
    std::unique_ptr<optim::Optimizer> optimizer;
};

/// One model being trained or evaluated.
class Trainer {
public:
    explicit Trainer(Model& model);

    History fit(const Tensor& x, const Tensor& y, const FitOptions& options);
    History fit(data::Source& source, const FitOptions& options);
    Logs evaluate(const Tensor& x, const Tensor& y, const EvaluateOptions& options);
    Logs evaluate(data::Source& source, const EvaluateOptions& options);
    Logs train_on_batch(const Tensor& x, const Tensor& y, const Tensor& sample_weight);

private:
    // Running means over an epoch: the loss by samples, the metrics as they do it.
    class Averages {
    public:
        explicit Averages(const CompileOptions& options);
        void add(double loss, const Tensor& y, const Tensor& prediction, const Tensor& weight);
        Logs logs() const;

    private:
        Metrics metrics_, weighted_metrics_;
        double loss_ = 0, samples_ = 0;
    };

    void step(const Tensors& batch, Averages& averages, const std::string& where);
    Logs run_evaluation(data::Source& source, int verbose);
    History run(data::Source& source, const FitOptions& options, data::Source* validation, std::uint64_t seed);
    void check(const Tensor& x, const Tensor& y, const Tensor& sample_weight, const char* where);

    Model& model_;
    const CompileOptions& options_;
    optim::Optimizer& optimizer_;
};

/// x in the element type that the model computes in: other float types, uint8 and bool are converted.
Tensor as_input(const Model& model, const Tensor& x);

}  // namespace weft::nn
