#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/random.hpp>
#include <weft/nn/mode.hpp>
#include <weft/nn/progress.hpp>
#include <weft/nn/training.hpp>
#include <weft/optim/norm.hpp>

#include <fmt/core.h>

#include <cmath>

namespace weft::nn {
namespace {

constexpr std::uint64_t shuffle_stream = 0x73687566;  // keeps the loader's draws apart from dropout's

struct Parts {
    Tensor x, y, weight;
};

Parts parts_of(const Tensors& batch) {
    if (batch.size() < 2 || batch.size() > 3)
        throw ValueError(fmt::format("fit: a batch is {{x, y}} or {{x, y, sample_weight}}; the source gave {} tensors", batch.size()));
    return {batch[0], batch[1], batch.size() == 3 ? batch[2] : Tensor()};
}

// A weight for each sample: the class weight of its label, times its sample weight.
Tensor sample_weights(const Tensor& y, const FitOptions& options) {
    if (options.class_weight.empty()) return options.sample_weight;
    const bool labels = y.dtype() == int64 || y.rank() == 1 || y.shape().back() == 1;
    const Tensor classes = (labels ? y.to(int64) : argmax(y, -1)).reshape({-1});
    if (classes.elements() != y.shape(0))
        throw ShapeError(fmt::format("fit: class_weight needs one label for each sample; received targets {}", describe(y)));
    Array weights({y.shape(0)}, float32);
    const auto values = classes.values<std::int64_t>();
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto found = options.class_weight.find(values[i]);
        if (found == options.class_weight.end())
            throw ValueError(fmt::format("fit: class_weight has no entry for class {}, the label at position {}", values[i], i));
        weights.data<float>()[i] = static_cast<float>(found->second);
    }
    const Tensor by_class{std::move(weights)};
    if (!options.sample_weight.defined()) return by_class;
    Shape shape{y.shape(0)};
    for (int i = 1; i < options.sample_weight.rank(); ++i) shape.push_back(1);
    return by_class.reshape(shape) * options.sample_weight.to(float32);
}

Tensors together(const Tensor& x, const Tensor& y, const Tensor& weight) {
    return weight.defined() ? Tensors{x, y, weight} : Tensors{x, y};
}

std::int64_t steps_of(const data::Source& source) { return std::max<std::int64_t>(source.batches(), 0); }

}  // namespace

Tensor as_input(const Model& model, const Tensor& x) {
    const DType wanted = model.state()->dtype;
    return x.dtype() == wanted || x.dtype() == int64 ? x : x.to(wanted);
}

Trainer::Trainer(Model& model) : model_(model), options_(model.compile_options()), optimizer_(model.optimizer()) {}

Trainer::Averages::Averages(const CompileOptions& options)
    : metrics_(options.metrics), weighted_metrics_(options.weighted_metrics) {
    metrics_.reset();
    weighted_metrics_.reset();
}

void Trainer::Averages::add(double loss, const Tensor& y, const Tensor& prediction, const Tensor& weight) {
    const auto n = static_cast<double>(y.shape(0));
    loss_ += loss * n;
    samples_ += n;
    metrics_.update(y, prediction);
    weighted_metrics_.update(y, prediction, weight);
}

Logs Trainer::Averages::logs() const {
    Logs logs;
    logs.set("loss", samples_ > 0 ? loss_ / samples_ : 0);
    for (const Metric& metric : metrics_) logs.set(metric.name(), metric.result());
    for (const Metric& metric : weighted_metrics_)  // Keras's name where both lists have one
        logs.set(logs.contains(metric.name()) ? "weighted_" + metric.name() : metric.name(), metric.result());
    return logs;
}

void Trainer::check(const Tensor& x, const Tensor& y, const Tensor& sample_weight, const char* where) {
    if (!x.defined() || !y.defined() || x.rank() == 0 || y.rank() == 0)
        throw ShapeError(fmt::format("{}: x and y need a first axis of samples; received {} and {}", where, describe(x), describe(y)));
    if (x.shape(0) != y.shape(0))
        throw ShapeError(fmt::format("{}: x and y must hold equally many samples; received {} and {}", where, describe(x), describe(y)));
    if (x.shape(0) == 0) throw ShapeError(fmt::format("{}: there are no samples; received x {}", where, describe(x)));
    if (sample_weight.defined() && (sample_weight.rank() == 0 || sample_weight.shape(0) != x.shape(0)))
        throw ShapeError(fmt::format("{}: sample_weight must hold one weight for each of the {} samples; received {}", where, x.shape(0), describe(sample_weight)));
    Shape shape = x.shape();
    shape[0] = None;
    model_.build_for(shape);
    const Shape prediction = model_.output_shape(shape);
    check_target(options_.loss, y, prediction, where);
    for (const Metrics* metrics : {&options_.metrics, &options_.weighted_metrics})
        for (const Metric& metric : *metrics) check_target(metric, y, prediction, where);
}

void Trainer::step(const Tensors& batch, Averages& averages, const std::string& where) {
    const Parts parts = parts_of(batch);
    const Tensor prediction = model_(as_input(model_, parts.x));
    const Tensor loss = options_.loss(parts.y, prediction, parts.weight);
    const double value = loss.item<double>();
    if (!std::isfinite(value))
        throw NotFiniteError(fmt::format("{}: the loss is {}. The weights are as of the last complete step. Look for NaN in the data, or lower the learning rate ({}).",
                                         where, value, optimizer_.learning_rate()));
    optimizer_.zero_grad();
    loss.backward();
    if (!optim::gradients_finite(optimizer_.parameters()))
        throw NotFiniteError(fmt::format("{}: the loss is {}, but its gradient is not finite. The weights are as of the last complete step. Lower the learning rate ({}), or clip gradients.",
                                         where, value, optimizer_.learning_rate()));
    optimizer_.step();
    optimizer_.zero_grad();
    averages.add(value, parts.y, prediction.detach(), parts.weight);
}

History Trainer::run(data::Source& source, const FitOptions& options, data::Source* validation, std::uint64_t seed) {
    if (options.initial_epoch < 0 || options.epochs < 0)
        throw ValueError(fmt::format("fit: epochs and initial_epoch must not be negative; received {} and {}", options.epochs, options.initial_epoch));
    History history;
    for (int epoch = options.initial_epoch; epoch < options.epochs; ++epoch) {
        Generator generator(seed, static_cast<std::uint64_t>(epoch) << 32);
        const GeneratorScope draws(generator);
        Averages averages(options_);
        Progress progress(options.verbose, steps_of(source));
        progress.heading(fmt::format("Epoch {}/{}", epoch + 1, options.epochs));
        std::int64_t done = 0;
        source.begin_epoch(epoch);
        for (Tensors batch;;) {
            const ModeScope training(true);
            const EnableGrad recording;
            if (!source.next(batch)) break;
            step(batch, averages, fmt::format("fit: epoch {}, step {}", epoch + 1, done + 1));
            progress.step(++done, [&] { return averages.logs(); });
        }
        if (done == 0) throw ValueError(fmt::format("fit: the source gave no batch in epoch {}", epoch + 1));
        Logs logs = averages.logs();
        if (validation) {
            const Logs held_back = run_evaluation(*validation, 0);
            for (const auto& [name, value] : held_back.values()) logs.set("val_" + name, value);
        }
        progress.finish(done, logs);
        history.add(epoch, logs);
    }
    return history;
}

History Trainer::fit(const Tensor& all_x, const Tensor& all_y, const FitOptions& options) {
    check(all_x, all_y, options.sample_weight, "fit");
    const Tensor all_weights = sample_weights(all_y, options);
    Tensor x = all_x, y = all_y, weight = all_weights;
    ValidationData validation = options.validation_data;
    if (options.validation_split != 0 && !validation.x.defined()) {
        const std::int64_t n = x.shape(0), kept = static_cast<std::int64_t>(static_cast<double>(n) * (1 - options.validation_split));
        if (!(options.validation_split > 0 && options.validation_split < 1) || kept == 0 || kept == n)
            throw ValueError(fmt::format("fit: validation_split must leave samples on both sides; received {} of {} samples", options.validation_split, n));
        const auto head = [&](const Tensor& t) { return t.defined() ? slice(t, 0, 0, kept) : t; };
        const auto tail = [&](const Tensor& t) { return t.defined() ? slice(t, 0, kept, n) : t; };
        validation = {tail(x), tail(y), tail(weight)};
        x = head(x), y = head(y), weight = head(weight);
    }
    std::unique_ptr<data::Loader> validation_loader;
    if (validation.x.defined() || validation.y.defined()) {
        check(validation.x, validation.y, validation.sample_weight, "fit: validation_data");
        validation_loader = std::make_unique<data::Loader>(together(validation.x, validation.y, validation.sample_weight),
                                                           data::LoaderOptions{.batch_size = options.batch_size, .workers = 0});
    }
    const std::uint64_t seed = options.seed ? *options.seed : default_generator().next().number ^ (default_generator().seed() * 0x9E3779B97F4A7C15u);
    data::Loader loader(together(x, y, weight), {.batch_size = options.batch_size, .shuffle = options.shuffle, .seed = seed ^ shuffle_stream});
    return run(loader, options, validation_loader.get(), seed);
}

History Trainer::fit(data::Source& source, const FitOptions& options) {
    if (options.validation_split != 0 || options.sample_weight.defined() || !options.class_weight.empty())
        throw ValueError("fit: validation_split, class_weight and sample_weight need data in memory; a source gives its own weights as the third tensor of a batch");
    std::unique_ptr<data::Loader> validation;
    if (options.validation_data.x.defined()) {
        check(options.validation_data.x, options.validation_data.y, options.validation_data.sample_weight, "fit: validation_data");
        validation = std::make_unique<data::Loader>(
            together(options.validation_data.x, options.validation_data.y, options.validation_data.sample_weight),
            data::LoaderOptions{.batch_size = options.batch_size, .workers = 0});
    }
    return run(source, options, validation.get(), options.seed ? *options.seed : default_generator().next().number);
}

Logs Trainer::run_evaluation(data::Source& source, int verbose) {
    const ModeScope inference(false);
    const NoGrad off_tape;
    Averages averages(options_);
    Progress progress(verbose, steps_of(source));
    std::int64_t done = 0;
    source.begin_epoch(0);
    for (Tensors batch; source.next(batch);) {
        const Parts parts = parts_of(batch);
        const Tensor prediction = model_(as_input(model_, parts.x));
        averages.add(options_.loss(parts.y, prediction, parts.weight).item<double>(), parts.y, prediction, parts.weight);
        progress.step(++done, [&] { return averages.logs(); });
    }
    if (done == 0) throw ValueError("evaluate: the source gave no batch");
    const Logs logs = averages.logs();
    progress.finish(done, logs);
    return logs;
}

Logs Trainer::evaluate(const Tensor& x, const Tensor& y, const EvaluateOptions& options) {
    check(x, y, options.sample_weight, "evaluate");
    data::Loader loader(together(x, y, options.sample_weight), {.batch_size = options.batch_size, .workers = 0});
    return run_evaluation(loader, options.verbose);
}

Logs Trainer::evaluate(data::Source& source, const EvaluateOptions& options) {
    if (options.sample_weight.defined())
        throw ValueError("evaluate: sample_weight needs data in memory; a source gives its own weights as the third tensor of a batch");
    return run_evaluation(source, options.verbose);
}

Logs Trainer::train_on_batch(const Tensor& x, const Tensor& y, const Tensor& sample_weight) {
    check(x, y, sample_weight, "train_on_batch");
    const ModeScope training(true);
    const EnableGrad recording;
    Averages averages(options_);
    step(together(x, y, sample_weight), averages, "train_on_batch");
    return averages.logs();
}

}  // namespace weft::nn
