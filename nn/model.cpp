#include <weft/autograd/suggest.hpp>
#include <weft/nn/functional.hpp>
#include <weft/nn/training.hpp>
#include <weft/optim/registry.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft::nn {

OptimizerChoice::OptimizerChoice(const std::string& name, const optim::Settings& settings)
    : configured_(optim::make(name, settings)) {}

Model::Model() : graph_(std::make_shared<Graph>()), training_(std::make_shared<Training>()) {}

Model::Model(const Symbol& inputs, const Symbol& outputs, const ModelOptions& options) : Model() {
    set_name(options.name);
    adopt(graph_between(inputs, outputs));
}

void Model::compile(const CompileOptions& options) {
    if (!graph_->nodes.empty()) objective_for(options, graph_->output_names());  // names that do not fit are told here
    else if (options.metrics.flat() && options.weighted_metrics.flat() && options.loss.size() <= 1)
        objective_for(options, {"output_1"});
    training_->options = options;
    training_->optimizer.reset();  // made when the weights are there
}

bool Model::compiled() const { return training_->options.has_value(); }

const CompileOptions& Model::compile_options() const {
    if (!compiled())
        throw ValueError(
            fmt::format("{}: compile it first: model.compile({{.optimizer = \"adam\", .loss = ...}})", label()));
    return *training_->options;
}

optim::Optimizer& Model::optimizer() const {
    compile_options();
    if (!training_->optimizer) training_->optimizer = training_->options->optimizer.fresh(parameters());
    return *training_->optimizer;
}

namespace {

// "x", or "input 'title'" where there are several.
std::string input_label(const Model& model, std::size_t i, std::size_t inputs) {
    if (inputs == 1) return "x";
    const auto& names = model.graph().input_names;
    return i < names.size() ? fmt::format("input '{}'", names[i]) : fmt::format("input {}", i);
}

// Without a loss there is something to minimise only if layers add their own, or the step is the model's.
void check_loss(const Model& model, const char* where) {
    if (model.compile_options().loss.empty() && !model.graph().nodes.empty())
        throw ValueError(fmt::format("{}: {} was compiled without a loss. Give one: compile({{.loss = \"mse\"}})",
                                     where, model.label()));
}

}  // namespace

std::vector<std::string> Model::output_names() const {
    return graph_->nodes.empty() ? std::vector<std::string>{} : graph_->output_names();
}

Tensors Model::inputs_from(const Feed& x, const std::string& where) const {
    const Tensors inputs = x.in_order(graph_->input_names, where + ": x");
    const std::size_t wanted = graph_->nodes.empty() ? std::max<std::size_t>(1, inputs.size()) : graph_->inputs.size();
    if (inputs.size() != wanted)
        throw ValueError(fmt::format("{}: {} takes {} input{}; received {}", where, label(), wanted,
                                     wanted == 1 ? "" : "s", inputs.size()));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (!inputs[i].defined() || inputs[i].rank() == 0)
            throw ShapeError(fmt::format("{}: {} needs a first axis of samples; received {}", where,
                                         input_label(*this, i, wanted),
                                         inputs[i].defined() ? describe(inputs[i]) : "none"));
        if (inputs[i].shape(0) != inputs[0].shape(0))
            throw ShapeError(fmt::format("{}: all inputs must hold equally many samples; received {} and {}", where,
                                         describe(inputs[0]), describe(inputs[i])));
    }
    return inputs;
}

History Model::fit(const Feed& x, const Feed& y, const FitOptions& options) {
    check_loss(*this, "fit");
    return Trainer(*this, x, "fit").fit(y, options);
}

History Model::fit(data::Source& source, const FitOptions& options) {
    check_loss(*this, "fit");
    return Trainer(*this).fit(source, options);
}

Logs Model::evaluate(const Feed& x, const Feed& y, const EvaluateOptions& options) {
    check_loss(*this, "evaluate");
    return Trainer(*this, x, "evaluate").evaluate(y, options);
}

Logs Model::evaluate(data::Source& source, const EvaluateOptions& options) {
    check_loss(*this, "evaluate");
    return Trainer(*this).evaluate(source, options);
}

Logs Model::train_on_batch(const Feed& x, const Feed& y, const Feed& sample_weight) {
    check_loss(*this, "train_on_batch");
    return Trainer(*this, x, "train_on_batch").train_on_batch(y, sample_weight);
}

std::optional<Logs> Model::train_step(const Tensors&, const Tensors&, const Tensors&) { return {}; }
std::optional<Logs> Model::test_step(const Tensors&, const Tensors&, const Tensors&) { return {}; }

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
        throw ValueError(
            fmt::format("{}: takes {} input{}; received {}", model.label(), wanted, wanted == 1 ? "" : "s", inputs));
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
        throw ShapeError(
            fmt::format("{}: expects {}; received {}", label(), str(graph_->input_shapes[i]), describe(inputs[i])));
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
            throw ShapeError(
                fmt::format("{}: expects {}; received {}", label(), str(graph_->input_shapes[i]), str(inputs[i])));
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
