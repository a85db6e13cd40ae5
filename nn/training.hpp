// The training loop behind Model::fit, evaluate and train_on_batch.
#pragma once

#include <weft/nn/objective.hpp>
#include <weft/nn/saving/checkpoint.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::nn {

/// What compile leaves in a model.
struct Model::Training {
    std::optional<CompileOptions> options;
    std::unique_ptr<optim::Optimizer> optimizer;
};

/// One model being trained or evaluated.
class Trainer {
public:
    /// On data like x: builds the model, and learns how many outputs it has. `where` begins the texts of errors.
    Trainer(Model& model, const Feed& x, const std::string& where);
    /// On a source of batches; a class of one's own is taken to have one input.
    explicit Trainer(Model& model);

    History fit(const Feed& y, const FitOptions& options);
    History fit(data::Source& source, const FitOptions& options);
    Logs evaluate(const Feed& y, const EvaluateOptions& options);
    Logs evaluate(data::Source& source, const EvaluateOptions& options);
    Logs train_on_batch(const Feed& y, const Feed& sample_weight);

private:
    // y and weight have an entry for each output, undefined where it needs none; weight is empty if there is none.
    struct Batch {
        Tensors x, y, weight;
    };
    Batch checked(const Tensors& x, const Feed& y, const Feed& weight, const std::string& where) const;
    std::string target_label(std::size_t output) const;
    void check_outputs(const Batch& batch, const std::string& where) const;
    Tensors class_weights(const Batch& data, const FitOptions& options) const;
    // A batch as a list of tensors, as loaders and sources have it, and back.
    Tensors together(const Batch& batch) const;
    Batch apart(const Tensors& tensors) const;

    Tensors predictions(const Tensors& x);
    void step(const Batch& batch, Averages& averages, const std::string& where);
    Logs run_evaluation(data::Source& source, int verbose);
    // Where a run begins: at initial_epoch, or where the checkpoint to resume from left off.
    saving::FitProgress beginning(const FitOptions& options, std::uint64_t (*draw_seed)());
    History run(data::Source& source, const FitOptions& options, data::Source* validation,
                saving::FitProgress progress);
    std::unique_ptr<data::Source> validation_of(const FitOptions& options) const;

    Model& model_;
    const CompileOptions& options_;
    std::string where_;
    Tensors x_;
    std::size_t inputs_ = 1;
    std::vector<std::string> names_;  // of the outputs
    Shapes shapes_;                   // of the outputs, if known
    Objective objective_;
    optim::Optimizer* optimizer_ = nullptr;
};

/// "output_1", "output_2", ...: the outputs of a class of one's own.
std::vector<std::string> output_names(std::size_t count);

/// x in the element types that the model computes in: other float types, uint8 and bool are converted; what an
/// nn::Input says of integers is followed.
Tensors as_inputs(const Model& model, const Tensors& x);

}  // namespace weft::nn
