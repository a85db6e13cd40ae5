#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/index.hpp>
#include <weft/autograd/suggest.hpp>
#include <weft/nn/functional.hpp>
#include <weft/nn/mode.hpp>
#include <weft/nn/progress.hpp>
#include <weft/nn/training.hpp>
#include <weft/optim/registry.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace weft::nn {

OptimizerChoice::OptimizerChoice(const std::string& name, const optim::Settings& settings) : configured_(optim::make(name, settings)) {}

Model::Model() : graph_(std::make_shared<Graph>()), training_(std::make_shared<Training>()) {}

Model::Model(const Symbol& inputs, const Symbol& outputs, const ModelOptions& options) : Model() {
    set_name(options.name);
    adopt(graph_between(inputs, outputs));
}

void Model::compile(const CompileOptions& options) {
    training_->options = options;
    training_->optimizer.reset();  // made when the weights are there
}

bool Model::compiled() const { return training_->options.has_value(); }

const CompileOptions& Model::compile_options() const {
    if (!compiled()) throw ValueError(fmt::format("{}: compile it first: model.compile({{.optimizer = \"adam\", .loss = ...}})", label()));
    return *training_->options;
}

optim::Optimizer& Model::optimizer() const {
    compile_options();
    if (!training_->optimizer) training_->optimizer = training_->options->optimizer.fresh(parameters());
    return *training_->optimizer;
}

namespace {

// Before training the weights must exist, and the loss be known.
void make_ready(Model& model, const Tensor& x, const char* where) {
    if (!model.compile_options().loss.defined())
        throw ValueError(fmt::format("{}: {} was compiled without a loss. Give one: compile({{.loss = \"mse\"}})", where, model.label()));
    if (!x.defined() || x.rank() == 0) throw ShapeError(fmt::format("{}: x needs a first axis of samples; received {}", where, describe(x)));
    Shape shape = x.shape();
    shape[0] = None;
    model.build_for(shape);
    if (model.graph().nodes.empty()) {  // a class of one's own builds its parts when it first runs
        const NoGrad off_tape;
        const ModeScope inference(false);
        model(as_input(model, slice(x, 0, 0, 1)));
    }
}

}  // namespace

History Model::fit(const Tensor& x, const Tensor& y, const FitOptions& options) {
    make_ready(*this, x, "fit");
    return Trainer(*this).fit(x, y, options);
}

History Model::fit(data::Source& source, const FitOptions& options) {
    if (!compile_options().loss.defined()) throw ValueError(fmt::format("fit: {} was compiled without a loss", label()));
    return Trainer(*this).fit(source, options);
}

Logs Model::evaluate(const Tensor& x, const Tensor& y, const EvaluateOptions& options) {
    make_ready(*this, x, "evaluate");
    return Trainer(*this).evaluate(x, y, options);
}

Logs Model::evaluate(data::Source& source, const EvaluateOptions& options) {
    if (!compile_options().loss.defined()) throw ValueError(fmt::format("evaluate: {} was compiled without a loss", label()));
    return Trainer(*this).evaluate(source, options);
}

Logs Model::train_on_batch(const Tensor& x, const Tensor& y, const Tensor& sample_weight) {
    make_ready(*this, x, "train_on_batch");
    return Trainer(*this).train_on_batch(x, y, sample_weight);
}

Tensor Model::predict(const Tensor& x, const PredictOptions& options) {
    if (!x.defined() || x.rank() == 0) throw ShapeError(fmt::format("predict: x needs a first axis of samples; received {}", describe(x)));
    if (options.batch_size < 1) throw ValueError(fmt::format("predict: batch_size must be positive; received {}", options.batch_size));
    const NoGrad off_tape;
    const ModeScope inference(false);
    const std::int64_t n = x.shape(0);
    if (n == 0) {
        Shape shape = x.shape();
        shape[0] = None;
        build_for(shape);
        Shape empty = output_shape(shape);
        empty[0] = 0;
        return Tensor(zeros_array(empty, state()->dtype));
    }
    Progress progress(options.verbose, (n + options.batch_size - 1) / options.batch_size);
    Array result;
    std::size_t row = 0;
    std::int64_t done = 0;
    for (std::int64_t begin = 0; begin < n; begin += options.batch_size) {
        const std::int64_t end = std::min(n, begin + options.batch_size);
        const Tensor part = (*this)(as_input(*this, slice(x, 0, begin, end)));
        if (part.rank() == 0 || part.shape(0) != end - begin)
            throw ShapeError(fmt::format("predict: {} must give one result for each sample; it gave {} for {}", label(), describe(part), end - begin));
        if (begin == 0) {
            Shape shape = part.shape();
            shape[0] = n;
            result = Array(shape, part.dtype());
            row = result.bytes() / static_cast<std::size_t>(n);
        }
        if (part.data().bytes() != row * static_cast<std::size_t>(end - begin))
            throw ShapeError(fmt::format("predict: every batch must give results of one shape; {} gave {} after {}", label(), describe(part), str(result.shape())));
        std::memcpy(result.data<std::byte>() + static_cast<std::size_t>(begin) * row, part.data().data<std::byte>(), part.data().bytes());
        progress.step(++done, [] { return Logs(); });
    }
    progress.finish(done, {});
    return Tensor(std::move(result));
}

std::vector<Layer> Model::layers() const {
    std::vector<Layer> all;
    for (const GraphNode* node : graph_->layers()) all.push_back(node->layer);
    return all;
}

Layer Model::layer(const std::string& name) const {
    std::vector<std::string> known;
    for (const GraphNode& node : graph_->nodes) {
        if (node.name == name) return node.layer;
        known.push_back(node.name);
    }
    throw ValueError(fmt::format("{}: it has no layer '{}'. {}", label(), name, suggest(name, known)));
}

void Model::build_all(const Shapes& inputs) {
    if (graph_->nodes.empty()) {
        if (!graph_->chain) Module::build_all(inputs);
        return;
    }
    if (graph_->input_shapes.empty()) {
        graph_->input_shapes = inputs;
        try {
            graph_->shapes(graph_->input_shapes);
        } catch (...) {
            graph_->input_shapes.clear();
            throw;
        }
    } else {
        graph_->shapes(graph_->input_shapes);
    }
}

namespace {

bool agrees(const Shape& given, const Shape& wanted) {
    if (given.rank() != wanted.rank()) return false;
    for (int i = 0; i < given.rank(); ++i)
        if (wanted[i] != None && given[i] != None && given[i] != wanted[i]) return false;
    return true;
}

void check_count(const Model& model, std::size_t inputs) {
    const std::size_t wanted = model.graph().inputs.size();
    if (inputs != wanted)
        throw ValueError(fmt::format("{}: takes {} input{}; received {}", model.label(), wanted, wanted == 1 ? "" : "s", inputs));
}

}  // namespace

Tensors Model::call(const Tensors& inputs) {
    if (graph_->nodes.empty()) {
        if (graph_->chain) return inputs;
        return Module::call(inputs);
    }
    check_count(*this, inputs.size());
    for (std::size_t i = 0; i < graph_->input_shapes.size(); ++i) {
        if (agrees(inputs[i].shape(), graph_->input_shapes[i])) continue;
        // The first layer says best what is wrong; a layer that takes any shape leaves it to the model.
        if (inputs.size() == 1) graph_->nodes[0].layer->output_shapes({inputs[0].shape()});
        throw ShapeError(fmt::format("{}: expects {}; received {}", label(), str(graph_->input_shapes[i]), describe(inputs[i])));
    }
    return graph_->run(inputs);
}

Tensor Model::forward(const Tensor& input) {
    if (graph_->nodes.empty()) return Module::forward(input);
    return call({input})[0];
}

Shapes Model::inferred_shapes(const Shapes& inputs) {
    if (graph_->nodes.empty()) return graph_->is_chain() ? inputs : Module::inferred_shapes(inputs);
    check_count(*this, inputs.size());
    const Shapes all = graph_->shapes(inputs);
    for (std::size_t i = 0; i < graph_->input_shapes.size(); ++i)
        if (!agrees(inputs[i], graph_->input_shapes[i]))
            throw ShapeError(fmt::format("{}: expects {}; received {}", label(), str(graph_->input_shapes[i]), str(inputs[i])));
    Shapes results;
    for (int output : graph_->outputs) results.push_back(all[static_cast<std::size_t>(output)]);
    return results;
}

void Model::adopt(Graph graph) {
    graph.check_order();
    *graph_ = std::move(graph);
    state()->shapes_by_running = true;  // the graph knows them
    for (const GraphNode* node : graph_->layers()) add_child(node->name, node->layer->state());
    if (graph_->input_shapes.empty()) return;
    build_for(graph_->input_shapes);
    Shape shape = graph_->input_shapes[0];
    shape.erase(0);
    state()->input_shape = shape;
}

Model model_from_graph(Graph graph, const std::string& name) {
    Model model;
    model.set_name(name);
    model.adopt(std::move(graph));
    return model;
}

}  // namespace weft::nn
