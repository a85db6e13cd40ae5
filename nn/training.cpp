#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/random.hpp>
#include <weft/nn/added_losses.hpp>
#include <weft/nn/mode.hpp>
#include <weft/nn/progress.hpp>
#include <weft/nn/training.hpp>
#include <weft/optim/norm.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace weft::nn {
namespace {

constexpr std::uint64_t shuffle_stream = 0x73687566;  // keeps the loader's draws apart from dropout's

std::int64_t steps_of(const data::Source& source) { return std::max<std::int64_t>(source.batches(), 0); }

bool any(const Tensors& tensors) {
    return std::any_of(tensors.begin(), tensors.end(), [](const Tensor& tensor) { return tensor.defined(); });
}

// Rows begin..end of each.
Tensors rows(const Tensors& tensors, std::int64_t begin, std::int64_t end) {
    Tensors part;
    for (const Tensor& tensor : tensors) part.push_back(tensor.defined() ? slice(tensor, 0, begin, end) : tensor);
    return part;
}

// What the weights' regularizers and the layers add to the loss.
Tensors added_terms(const Module& model, const LossScope& added) {
    Tensors terms = model.penalties();
    terms.insert(terms.end(), added.losses().begin(), added.losses().end());
    return terms;
}

// Takes back what a step that fails has written to the buffers, such as moving averages.
class BufferGuard {
public:
    explicit BufferGuard(const Module& model) : buffers_(model.buffers()) {
        for (const Tensor& buffer : buffers_) before_.emplace_back(buffer.data().copy());
    }
    ~BufferGuard() {
        for (std::size_t i = 0; i < before_.size(); ++i) buffers_[i].assign(before_[i]);
    }
    BufferGuard(const BufferGuard&) = delete;
    BufferGuard& operator=(const BufferGuard&) = delete;
    void keep() { before_.clear(); }

private:
    Tensors buffers_, before_;
};

}  // namespace

std::vector<std::string> output_names(std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 1; i <= count; ++i) names.push_back(fmt::format("output_{}", i));
    return names;
}

Tensors as_inputs(const Model& model, const Tensors& x) {
    const DType own = model.state()->dtype;
    const auto& declared = model.graph().input_dtypes;
    Tensors inputs;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const bool known = i < declared.size();
        const DType wanted = known && !is_floating(declared[i]) ? declared[i] : own;
        const bool fits = x[i].dtype() == wanted || (!known && x[i].dtype() == int64);
        inputs.push_back(fits ? x[i] : x[i].to(wanted));
    }
    return inputs;
}

Trainer::Trainer(Model& model) : model_(model), options_(model.compile_options()), where_("fit") {
    const Graph& graph = model.graph();
    if (graph.nodes.empty()) {
        names_ = output_names(std::max<std::size_t>(1, options_.loss.size()));
    } else {
        inputs_ = graph.inputs.size();
        names_ = graph.output_names();
    }
    objective_ = objective_for(options_, names_);
    optimizer_ = &model.optimizer();
}

Trainer::Trainer(Model& model, const Feed& x, const std::string& where)
    : model_(model), options_(model.compile_options()), where_(where) {
    x_ = model.inputs_from(x, where);
    inputs_ = x_.size();
    Shapes shapes;
    for (const Tensor& input : x_) {
        shapes.push_back(input.shape());
        shapes.back()[0] = None;
    }
    model.build_for(shapes);
    if (model.graph().nodes.empty() &&
        x_[0].shape(0) > 0) {  // a class of one's own builds its parts when it first runs
        const NoGrad off_tape;
        const ModeScope inference(false);
        const LossScope unused;  // what it adds is not for a scope that the caller may be in
        for (const Tensor& output : model(as_inputs(model, rows(x_, 0, 1)))) {
            shapes_.push_back(output.shape());
            if (output.rank() > 0) shapes_.back()[0] = None;
        }
        names_ = output_names(shapes_.size());
    } else {
        shapes_ = model.output_shapes(shapes);
        names_ = model.graph().nodes.empty() ? output_names(1) : model.graph().output_names();
    }
    objective_ = objective_for(options_, names_);
    optimizer_ = &model.optimizer();
}

Trainer::Batch Trainer::checked(const Tensors& x, const Feed& given_y, const Feed& given_weight,
                                const std::string& where) const {
    const auto wanted =
        std::count_if(objective_.begin(), objective_.end(), [](const auto& output) { return output.wants_target(); });
    Batch batch{x, Tensors(objective_.size()), {}};
    const std::int64_t n = x[0].shape(0);
    const Tensors y = given_y.in_order(names_, where + ": y");
    const bool for_each = y.size() == objective_.size(), for_wanted = static_cast<std::ptrdiff_t>(y.size()) == wanted;
    if (wanted > 0 && !for_each && !for_wanted)
        throw ValueError(fmt::format("{}: {} has {} output{}, and needs a target for each; received {}", where,
                                     model_.label(), objective_.size(), objective_.size() == 1 ? "" : "s", y.size()));
    std::size_t at = 0;
    for (std::size_t i = 0; i < objective_.size(); ++i) {
        if (!objective_[i].wants_target()) continue;
        Tensor target = y[for_each ? i : at++];
        if (!target.defined() || target.rank() == 0)
            throw ShapeError(fmt::format("{}: {} needs a first axis of samples; received {}", where, target_label(i),
                                         target.defined() ? describe(target) : "none"));
        if (target.shape(0) != n)
            throw ShapeError(fmt::format("{}: x and y must hold equally many samples; received {} and {}", where,
                                         describe(x[0]), describe(target)));
        batch.y[i] = target;
    }
    if (n == 0) throw ShapeError(fmt::format("{}: there are no samples; received x {}", where, describe(x[0])));
    if (!given_weight.defined()) return batch;
    const Tensors weights = given_weight.in_order(names_, where + ": sample_weight");
    if (weights.size() != 1 && weights.size() != objective_.size())
        throw ValueError(fmt::format("{}: sample_weight is one tensor, or one for each of the {} outputs; received {}",
                                     where, objective_.size(), weights.size()));
    for (std::size_t i = 0; i < objective_.size(); ++i) {
        batch.weight.push_back(weights[weights.size() == 1 ? 0 : i]);
        const Tensor& weight = batch.weight.back();
        if (weight.defined() && (weight.rank() == 0 || weight.shape(0) != n))
            throw ShapeError(
                fmt::format("{}: sample_weight must hold one weight for each of the {} samples; received {}", where, n,
                            describe(weight)));
    }
    return batch;
}

std::string Trainer::target_label(std::size_t output) const {
    return objective_.size() == 1 ? "y" : fmt::format("the target of output '{}'", names_[output]);
}

void Trainer::check_outputs(const Batch& batch, const std::string& where) const {
    if (shapes_.empty()) return;
    for (std::size_t i = 0; i < objective_.size(); ++i) {
        const OutputObjective& output = objective_[i];
        if (!output.wants_target()) continue;
        const std::string at = objective_.size() == 1 ? where : fmt::format("{}: output '{}'", where, output.name);
        if (output.loss.defined()) check_target(output.loss, batch.y[i], shapes_[i], at);
        for (const Metrics* metrics : {&output.metrics, &output.weighted_metrics})
            for (const Metric& metric : *metrics) check_target(metric, batch.y[i], shapes_[i], at);
    }
}

// A weight for each sample: the class weight of its label, times its sample weight.
Tensors Trainer::class_weights(const Batch& data, const FitOptions& options) const {
    if (options.class_weight.empty()) return data.weight;
    if (objective_.size() != 1 || !data.y[0].defined())
        throw ValueError(fmt::format(
            "fit: class_weight needs a model of one output; {} has {}. Give sample_weight for each output instead.",
            model_.label(), objective_.size()));
    const Tensor& y = data.y[0];
    const bool labels = y.dtype() == int64 || y.rank() == 1 || y.shape().back() == 1;
    const Tensor classes = (labels ? y.to(int64) : argmax(y, -1)).reshape({-1});
    if (classes.elements() != y.shape(0))
        throw ShapeError(
            fmt::format("fit: class_weight needs one label for each sample; received targets {}", describe(y)));
    Array weights({y.shape(0)}, float32);
    const auto values = classes.values<std::int64_t>();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto found = options.class_weight.find(values[i]);
        if (found == options.class_weight.end())
            throw ValueError(
                fmt::format("fit: class_weight has no entry for class {}, the label at position {}", values[i], i));
        weights.data<float>()[i] = static_cast<float>(found->second);
    }
    const Tensor by_class{std::move(weights)};
    if (data.weight.empty()) return {by_class};
    Shape shape{y.shape(0)};
    for (int i = 1; i < data.weight[0].rank(); ++i) shape.push_back(1);
    return {by_class.reshape(shape) * data.weight[0].to(float32)};
}

Tensors Trainer::together(const Batch& batch) const {
    Tensors all = batch.x;
    for (const Tensor& target : batch.y)
        if (target.defined()) all.push_back(target);
    if (!any(batch.weight)) return all;
    const bool shared = std::all_of(batch.weight.begin(), batch.weight.end(),
                                    [&](const Tensor& weight) { return weight.is(batch.weight[0]); });
    if (shared) {
        all.push_back(batch.weight[0]);
        return all;
    }
    for (std::size_t i = 0; i < objective_.size(); ++i)
        if (batch.y[i].defined())
            all.push_back(batch.weight[i].defined() ? batch.weight[i] : ones({batch.x[0].shape(0)}));
    return all;
}

Trainer::Batch Trainer::apart(const Tensors& tensors) const {
    const auto targets = static_cast<std::size_t>(
        std::count_if(objective_.begin(), objective_.end(), [](const auto& output) { return output.wants_target(); }));
    const std::size_t least = inputs_ + targets, given = tensors.size();
    if (given != least && given != least + 1 && given != least + targets)
        throw ValueError(
            inputs_ == 1 && targets == 1
                ? fmt::format("fit: a batch is {{x, y}} or {{x, y, sample_weight}}; the source gave {} tensors", given)
                : fmt::format("fit: a batch holds {} inputs, {} targets, and one sample weight, one for each target, "
                              "or none; the source gave {} tensors",
                              inputs_, targets, given));
    const auto first = tensors.begin() + static_cast<std::ptrdiff_t>(inputs_);
    Batch batch{Tensors(tensors.begin(), first), Tensors(objective_.size()), {}};
    if (given > least) batch.weight.resize(objective_.size());
    std::size_t at = inputs_;
    for (std::size_t i = 0; i < objective_.size(); ++i) {
        if (!objective_[i].wants_target()) continue;
        if (given > least) batch.weight[i] = tensors[given == least + 1 ? least : at + targets];
        batch.y[i] = tensors[at++];
    }
    return batch;
}

Tensors Trainer::predictions(const Tensors& x) {
    Tensors results = model_(as_inputs(model_, x));
    if (results.size() != objective_.size())
        throw ValueError(fmt::format("{}: {} gave {} outputs; expected {}", where_, model_.label(), results.size(),
                                     objective_.size()));
    return results;
}

void Trainer::step(const Batch& batch, Averages& averages, const std::string& where) {
    const auto n = static_cast<double>(batch.x[0].shape(0));
    if (const auto own = model_.train_step(batch.x, batch.y, batch.weight)) return averages.add(n, *own);
    const LossScope added;
    BufferGuard buffers(model_);
    Tensors outputs = predictions(batch.x);
    std::vector<double> each;
    Tensor loss = total_loss(objective_, batch.y, outputs, batch.weight, each);
    for (const Tensor& term : added_terms(model_, added)) loss = loss.defined() ? loss + term : term;
    if (!loss.defined())
        throw ValueError(fmt::format("{}: {} was compiled without a loss. Give one: compile({{.loss = \"mse\"}})",
                                     where_, model_.label()));
    const double value = loss.item<double>();
    if (!std::isfinite(value))
        throw NotFiniteError(
            fmt::format("{}: the loss is {}. The weights are as of the last complete step. Look for NaN in the data, "
                        "or lower the learning rate ({}).",
                        where, value, optimizer_->learning_rate()));
    optimizer_->zero_grad();
    loss.backward();
    if (!optim::gradients_finite(optimizer_->parameters()))
        throw NotFiniteError(
            fmt::format("{}: the loss is {}, but its gradient is not finite. The weights are as of the last complete "
                        "step. Lower the learning rate ({}), or clip gradients.",
                        where, value, optimizer_->learning_rate()));
    optimizer_->step();
    model_.constrain();
    buffers.keep();
    optimizer_->zero_grad();
    for (Tensor& output : outputs) output = output.detach();
    averages.add(n, value, each, batch.y, outputs, batch.weight);
}

saving::FitProgress Trainer::beginning(const FitOptions& options, std::uint64_t (*draw_seed)()) {
    if (options.resume) {
        if (options.checkpoint.empty()) throw ValueError("fit: resume needs a checkpoint: the file to go on from");
        if (auto saved = saving::read_checkpoint(model_, options.checkpoint)) {
            if (options.seed && *options.seed != saved->seed)
                throw ValueError(
                    fmt::format("fit: {} was begun with the seed {}; received {}. Leave the seed out to go on with it.",
                                options.checkpoint, saved->seed, *options.seed));
            return std::move(*saved);
        }
    }
    return {options.initial_epoch, options.seed ? *options.seed : draw_seed(), {}};
}

History Trainer::run(data::Source& source, const FitOptions& options, data::Source* validation,
                     saving::FitProgress run) {
    if (options.initial_epoch < 0 || options.epochs < 0)
        throw ValueError(fmt::format("fit: epochs and initial_epoch must not be negative; received {} and {}",
                                     options.epochs, options.initial_epoch));
    for (int epoch = run.epochs; epoch < options.epochs; ++epoch) {
        Generator generator(run.seed, static_cast<std::uint64_t>(epoch) << 32);
        const GeneratorScope draws(generator);
        Averages averages(objective_);
        Progress progress(options.verbose, steps_of(source));
        progress.heading(fmt::format("Epoch {}/{}", epoch + 1, options.epochs));
        std::int64_t done = 0;
        source.begin_epoch(epoch);
        for (Tensors batch;;) {
            const ModeScope training(true);
            const EnableGrad recording;
            if (!source.next(batch)) break;
            step(apart(batch), averages, fmt::format("fit: epoch {}, step {}", epoch + 1, done + 1));
            progress.step(++done, [&] { return averages.logs(); });
        }
        if (done == 0) throw ValueError(fmt::format("fit: the source gave no batch in epoch {}", epoch + 1));
        Logs logs = averages.logs();
        if (validation) {
            const Logs held_back = run_evaluation(*validation, 0);
            for (const auto& [name, value] : held_back.values()) logs.set("val_" + name, value);
        }
        progress.finish(done, logs);
        run.history.add(epoch, logs);
        run.epochs = epoch + 1;
        if (!options.checkpoint.empty()) saving::write_checkpoint(model_, options.checkpoint, run);
    }
    return std::move(run.history);
}

std::unique_ptr<data::Source> Trainer::validation_of(const FitOptions& options) const {
    const ValidationData& given = options.validation_data;
    if (!given.x.defined() && !given.y.defined()) return nullptr;
    const std::string where = "fit: validation_data";
    const Batch batch = checked(model_.inputs_from(given.x, where), given.y, given.sample_weight, where);
    Shapes shapes;
    for (const Tensor& x : batch.x) {
        shapes.push_back(x.shape());
        shapes.back()[0] = None;
    }
    if (!model_.graph().nodes.empty()) model_.output_shapes(shapes);  // an input that does not fit is told here
    check_outputs(batch, where);
    return std::make_unique<data::Loader>(together(batch),
                                          data::LoaderOptions{.batch_size = options.batch_size, .workers = 0});
}

History Trainer::fit(const Feed& y, const FitOptions& options) {
    Batch data = checked(x_, y, options.sample_weight, "fit");
    check_outputs(data, "fit");
    data.weight = class_weights(data, options);
    std::unique_ptr<data::Source> validation = validation_of(options);
    if (options.validation_split != 0 && !validation) {
        const std::int64_t n = x_[0].shape(0),
                           kept = static_cast<std::int64_t>(static_cast<double>(n) * (1 - options.validation_split));
        if (!(options.validation_split > 0 && options.validation_split < 1) || kept == 0 || kept == n)
            throw ValueError(
                fmt::format("fit: validation_split must leave samples on both sides; received {} of {} samples",
                            options.validation_split, n));
        // One cut of each, so that what is shared stays shared.
        const Tensors all = together(data);
        validation = std::make_unique<data::Loader>(
            rows(all, kept, n), data::LoaderOptions{.batch_size = options.batch_size, .workers = 0});
        data = apart(rows(all, 0, kept));
    }
    saving::FitProgress progress = beginning(
        options, [] { return default_generator().next().number ^ (default_generator().seed() * 0x9E3779B97F4A7C15u); });
    data::Loader loader(
        together(data),
        {.batch_size = options.batch_size, .shuffle = options.shuffle, .seed = progress.seed ^ shuffle_stream});
    return run(loader, options, validation.get(), std::move(progress));
}

History Trainer::fit(data::Source& source, const FitOptions& options) {
    if (options.validation_split != 0 || options.sample_weight.defined() || !options.class_weight.empty())
        throw ValueError(
            "fit: validation_split, class_weight and sample_weight need data in memory; a source gives its own weights "
            "behind the targets of a batch");
    const std::unique_ptr<data::Source> validation = validation_of(options);
    return run(source, options, validation.get(), beginning(options, [] { return default_generator().next().number; }));
}

Logs Trainer::run_evaluation(data::Source& source, int verbose) {
    const ModeScope inference(false);
    const NoGrad off_tape;
    Averages averages(objective_);
    Progress progress(verbose, steps_of(source));
    std::int64_t done = 0;
    std::vector<double> each;
    source.begin_epoch(0);
    for (Tensors tensors; source.next(tensors);) {
        const Batch batch = apart(tensors);
        const auto n = static_cast<double>(batch.x[0].shape(0));
        if (const auto own = model_.test_step(batch.x, batch.y, batch.weight)) {
            averages.add(n, *own);
        } else {
            const LossScope added;
            const Tensors outputs = predictions(batch.x);
            const Tensor loss = total_loss(objective_, batch.y, outputs, batch.weight, each);
            double value = loss.defined() ? loss.item<double>() : 0;
            for (const Tensor& term : added_terms(model_, added)) value += term.item<double>();
            averages.add(n, value, each, batch.y, outputs, batch.weight);
        }
        progress.step(++done, [&] { return averages.logs(); });
    }
    if (done == 0) throw ValueError("evaluate: the source gave no batch");
    const Logs logs = averages.logs();
    progress.finish(done, logs);
    return logs;
}

Logs Trainer::evaluate(const Feed& y, const EvaluateOptions& options) {
    const Batch batch = checked(x_, y, options.sample_weight, "evaluate");
    check_outputs(batch, "evaluate");
    data::Loader loader(together(batch), {.batch_size = options.batch_size, .workers = 0});
    return run_evaluation(loader, options.verbose);
}

Logs Trainer::evaluate(data::Source& source, const EvaluateOptions& options) {
    if (options.sample_weight.defined())
        throw ValueError(
            "evaluate: sample_weight needs data in memory; a source gives its own weights behind the targets of a "
            "batch");
    return run_evaluation(source, options.verbose);
}

Logs Trainer::train_on_batch(const Feed& y, const Feed& sample_weight) {
    const Batch batch = checked(x_, y, sample_weight, "train_on_batch");
    check_outputs(batch, "train_on_batch");
    const ModeScope training(true);
    const EnableGrad recording;
    Averages averages(objective_);
    step(batch, averages, "train_on_batch");
    return averages.logs();
}

}  // namespace weft::nn
