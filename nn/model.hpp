// Model: compile, fit, evaluate, predict, summary, save. A Sequential, a functional or loaded model, or a class of
// one's own that overrides forward().
#pragma once

#include <weft/data/loader.hpp>
#include <weft/nn/graph.hpp>
#include <weft/nn/history.hpp>
#include <weft/nn/loss.hpp>
#include <weft/nn/metric_choice.hpp>
#include <weft/nn/metrics.hpp>
#include <weft/nn/per_output.hpp>
#include <weft/nn/feed.hpp>
#include <weft/optim/optimizer.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace weft::nn {

/// What an optimizer option holds: a Keras name ("adam"), or an optimizer, of which each compile makes a fresh one.
class OptimizerChoice {
public:
    OptimizerChoice(const char* name) : OptimizerChoice(std::string(name)) {}
    OptimizerChoice(const std::string& name, const optim::Settings& settings = {});
    template <std::derived_from<optim::Optimizer> O>
    OptimizerChoice(const O& optimizer) : configured_(optimizer.fresh()) {}

    std::unique_ptr<optim::Optimizer> fresh(const Tensors& parameters) const { return configured_->fresh(parameters); }

private:
    std::shared_ptr<const optim::Optimizer> configured_;
};

struct CompileOptions {
    OptimizerChoice optimizer = "rmsprop";
    PerOutput<Loss> loss = {};             ///< one for all outputs, {one for each}, or {{"output", one}, ...}
    PerOutput<double> loss_weights = {};   ///< what the sum of the losses takes each times
    MetricChoice metrics = {};             ///< {"accuracy"}; for several outputs {{"output", {"accuracy"}}, ...}
    MetricChoice weighted_metrics = {};    ///< these see sample weights; those above do not
};

/// x and y to validate on, with optional sample weights: {x, y}, or {{x1, x2}, {y1, y2}} for several.
struct ValidationData {
    Feed x = {}, y = {}, sample_weight = {};
};

struct FitOptions {
    int epochs = 1;  ///< the number of the last epoch, counted from initial_epoch
    std::int64_t batch_size = 32;
    int verbose = 1;  ///< 0 nothing; 1 a bar on a terminal, plain lines in a log; 2 a line for each epoch
    double validation_split = 0;  ///< the last part of the data, cut off before shuffling
    ValidationData validation_data = {};
    bool shuffle = true;
    std::map<std::int64_t, double> class_weight = {};  ///< for a model of one output
    Feed sample_weight = {};  ///< [n], or [n, ...] for weights within a sample; one for all outputs, or one for each
    int initial_epoch = 0;
    std::optional<std::uint64_t> seed =
        {};  ///< of shuffling and dropout; drawn from the default generator if not given
    /// Written after each epoch, with all that going on needs: a name that ends in .keras, .h5 or .weights.h5.
    std::string checkpoint = {};
    /// Goes on from that file, if it is there, as if there had been no interruption: the same data and options give the
    /// same weights and history to the last bit.
    bool resume = false;
};

struct EvaluateOptions {
    std::int64_t batch_size = 32;
    int verbose = 0;
    Feed sample_weight = {};
};

struct PredictOptions {
    std::int64_t batch_size = 32;
    int verbose = 0;
};

struct SaveWeightsOptions {
    std::int64_t max_shard_size = std::int64_t{5} << 30;  ///< bytes of weights in each file of a *.weights.json
};

struct LoadWeightsOptions {
    bool skip_mismatch = false;  ///< pass over layers whose weights have other shapes or are more or fewer
    bool by_name = false;        ///< layers of the same name, and no others; legacy files alone have names
};

struct LoadOptions {
    bool compile = true;  ///< with the training settings and the optimizer's state, if the file has them
};

struct ModelOptions {
    std::string name = {};
};

class Model : public Module {
public:
    /// For a class of one's own, which overrides forward(), or call() for several inputs or outputs.
    Model();
    /// What layers called on symbols have drawn from the inputs to the outputs: nn::Model(x, y), nn::Model({a, b}, {y,
    /// z}). Throws ValueError if an output needs an input that is not given, no output needs an input, or names repeat.
    Model(const Symbol& inputs, const Symbol& outputs, const ModelOptions& options = {});

    /// Says how to train. Throws ValueError for unknown names, also of outputs.
    void compile(const CompileOptions& options);

    /// Trains, and returns the loss and metrics of each epoch. All data is checked before the first step. Throws
    /// ValueError before compile, ShapeError and ValueError for data that does not fit, NotFiniteError for a loss or
    /// gradient that is NaN or infinite (before the update is made).
    /// y may be missing where only layers add losses.
    History fit(const Feed& x, const Feed& y, const FitOptions& options = {});
    /// From a source of batches {x, y} or {x, y, sample_weight}: all inputs, then the targets, then one weight or one
    /// for each target; batch_size, shuffle, validation_split, class_weight and sample_weight are the source's
    /// business. An error in the source leaves the weights of the last complete step.
    History fit(data::Source& source, const FitOptions& options = {});

    /// Loss and metrics in inference mode.
    Logs evaluate(const Feed& x, const Feed& y, const EvaluateOptions& options = {});
    /// The same for one epoch of a source; batch_size and sample_weight are the source's business.
    Logs evaluate(data::Source& source, const EvaluateOptions& options = {});
    /// The results for all of x in inference mode, off the tape. Many threads may predict at once. Throws ValueError
    /// for a model of several outputs, which predict_all() gives.
    Tensor predict(const Feed& x, const PredictOptions& options = {});
    /// All outputs.
    Tensors predict_all(const Feed& x, const PredictOptions& options = {});

    /// One training step on one batch: forward, backward, update. Returns the loss and the metrics of this batch.
    Logs train_on_batch(const Feed& x, const Feed& y, const Feed& sample_weight = {});

    // For a class of one's own, such as one with two optimizers. ----------------------------------------------------

    /// A step of fit on one batch; y and sample_weight have an entry for each output. What it returns is averaged over
    /// the epoch and reported. By default nothing, and fit does the step itself.
    virtual std::optional<Logs> train_step(const Tensors& x, const Tensors& y, const Tensors& sample_weight);
    /// The same for evaluate, and for fit's validation.
    virtual std::optional<Logs> test_step(const Tensors& x, const Tensors& y, const Tensors& sample_weight);

    /// Prints the layers with shapes and numbers of parameters, and, where the model is no chain, what each reads:
    /// layer, which call of it, which of the results.
    void summary() const;
    std::string summary_text() const;

    /// Writes architecture, weights and, when compiled, training settings and the optimizer's state: a .keras archive,
    /// or a legacy .h5 that Keras 2.2.3 and later open. *.weights.h5 gets weights alone. An error leaves the file that
    /// was there. Throws FileError, ValueError for a model that is not built or a class of one's own.
    void save(const std::string& path) const;
    /// Weights alone: *.weights.h5 in Keras 3's layout, with the optimizer's state when compiled; *.weights.json in
    /// that layout in several files beside; any other *.h5 in the legacy layout. Throws FileError.
    void save_weights(const std::string& path, const SaveWeightsOptions& options = {}) const;
    /// Reads weights from any of these files, whatever its name; the optimizer stays as it is. Nothing changes unless
    /// everything fits. Throws FileError.
    void load_weights(const std::string& path, const LoadWeightsOptions& options = {});

    /// The layers, each once, in Keras's order; empty for a class of one's own.
    std::vector<Layer> layers() const;
    /// Throws ValueError for an unknown name, with suggestions.
    Layer layer(const std::string& name) const;
    const Graph& graph() const { return *graph_; }
    /// By which compile and History call the outputs; none for a class of one's own before it runs.
    std::vector<std::string> output_names() const;
    /// The tensors in the order of the model's inputs. Throws ValueError, ShapeError, beginning with `where`, if they
    /// are not as many as these, or do not hold equally many samples.
    Tensors inputs_from(const Feed& x, const std::string& where) const;
    bool compiled() const;
    const CompileOptions& compile_options() const;
    /// The optimizer that compile made. Throws ValueError before.
    optim::Optimizer& optimizer() const;

    Tensors call(const Tensors& inputs) override;
    Tensor forward(const Tensor& input) override;
    void build_all(const Shapes& inputs) override;
    std::string class_name() const override { return "Functional"; }

protected:
    Shapes inferred_shapes(const Shapes& inputs) override;
    /// Becomes the model of a graph; builds it if the input shapes are known.
    void adopt(Graph graph);

    struct Training;
    std::shared_ptr<Graph> graph_;
    std::shared_ptr<Training> training_;
    friend class Trainer;
    friend Model model_from_graph(Graph graph, const std::string& name);
};

/// A model of a graph; builds it if the input shapes are known.
Model model_from_graph(Graph graph, const std::string& name);

/// Reads a whole model that Keras 1.1 to 2.15, Keras 3 or weft wrote, as .h5 or .keras; what the file is follows from
/// its content. What another Keras version means by its words is kept; mixed precision is computed in float32. Throws
/// FileError for a damaged file, ValueError that names what is not supported: a layer, a setting, an optimizer.
/// libhdf5 1.10 itself can crash on corrupt bytes, which no library can catch in its own process: read strangers' files
/// in a child process, as the `weft` command does.
Model load_model(const std::string& path, const LoadOptions& options = {});

}  // namespace weft::nn
