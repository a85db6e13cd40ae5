#include <weft/autograd/mode.hpp>
#include <weft/autograd/observe.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/recall.hpp>
#include <weft/autograd/saved.hpp>
#include <weft/nn/blank_weights.hpp>
#include <weft/nn/mask.hpp>
#include <weft/nn/mode.hpp>
#include <weft/nn/module.hpp>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <cxxabi.h>
#include <mutex>
#include <unordered_set>

namespace weft::nn {
namespace {

constinit thread_local int current_mode = -1;

void check_name(const std::string& name, const char* what) {
    if (name.empty() || name.find('.') != std::string::npos)
        throw ValueError(fmt::format("{}: a name must not be empty and holds no dots, which saving uses; received '{}'",
                                     what, name));
}

// Calls f(path, weight) for the weights of a state and its children, each tensor once.
template <class F>
void walk(const State& state, const std::string& path, std::unordered_set<const void*>& seen, F& f) {
    for (const State::Weight& weight : state.weights)
        if (seen.insert(weight.tensor.impl()).second) f(path + weight.name, weight);
    for (const auto& [name, child] : state.children) walk(*child, path + name + ".", seen, f);
}

template <class F>
void each_state(State& state, F& f) {
    f(state);
    for (const auto& [name, child] : state.children) each_state(*child, f);
}

bool contains(const State& state, const State* wanted) {
    if (&state == wanted) return true;
    return std::any_of(state.children.begin(), state.children.end(),
                       [&](const auto& child) { return contains(*child.second, wanted); });
}

const State* unbuilt(const State& state) {
    if (state.weights.empty() && state.children.empty() && !state.nothing_to_build) return &state;
    for (const auto& [name, child] : state.children)
        if (const State* found = unbuilt(*child)) return found;
    return nullptr;
}

void put(const Tensor& tensor, Array array, Edge edge) {
    tensor.impl()->array = std::move(array);
    tensor.impl()->edge = std::move(edge);
}

}  // namespace

ModeScope::ModeScope(bool training) : before_(current_mode) { current_mode = training ? 1 : 0; }
ModeScope::~ModeScope() { current_mode = before_; }
int mode_override() { return current_mode; }

Module::Module() : state_(std::make_shared<State>()) {}

Module& Module::operator=(const Module& other) {
    if (registered_ && other.state_ != state_)
        throw ValueError(
            fmt::format("{}: it is registered in another module, and an assignment would leave that one with the old "
                        "weights. Build the parent with the new module instead.",
                        label()));
    state_ = other.state_;
    built_ = other.built_;
    claimed_ = other.claimed_;
    return *this;
}

Tensor Module::operator()(const Tensor& input) { return (*this)(Tensors{input})[0]; }

Tensors Module::operator()(const Tensors& inputs) {
    if (inputs.empty()) throw ValueError(fmt::format("{}: called without an input", label()));
    if (weft::detail::RunScope* const run = weft::detail::RunScope::current()) run->pass_over();
    if (!std::atomic_ref(built_).load(std::memory_order_acquire)) {
        Shapes shapes;
        for (const Tensor& input : inputs) {
            shapes.push_back(input.shape());
            if (input.rank() > 0) shapes.back()[0] = None;
        }
        build_for(shapes);
    }
    const weft::detail::CallScope scope([this] { return label(); });
    Tensors changed;
    state_->forward_pre_hooks.each([&](const auto& hook) {
        if (Tensors other = hook(*this, changed.empty() ? inputs : changed); !other.empty()) changed = std::move(other);
    });
    const Tensors& given = changed.empty() ? inputs : changed;
    Tensors results = call(given);
    if (supports_masking())
        if (const Tensor mask = mask_of(given[0]); mask.defined())
            for (Tensor& result : results)
                if (!mask_of(result).defined()) set_mask(result, mask);
    state_->forward_hooks.each([&](const auto& hook) {
        if (Tensors other = hook(*this, given, results); !other.empty()) results = std::move(other);
    });
    if (state_->activity_regularizer.defined()) add_activity_losses(results);
    return results;
}

void Module::build(const Shape&) {}
void Module::build_all(const Shapes& inputs) { build(inputs[0]); }

Tensor Module::forward(const Tensor&) {
    throw ValueError(fmt::format("{}: a module must override forward(), or call() for several inputs", label()));
}

Tensors Module::call(const Tensors& inputs) {
    if (inputs.size() != 1)
        throw ValueError(fmt::format("{}: takes one input; received {}", label(), inputs.size()));
    return {forward(inputs[0])};
}

Shape Module::output_shape(const Shape& input) { return inferred_shapes({input})[0]; }

Shapes Module::output_shapes(const Shapes& inputs) {
    if (inputs.size() == 1 && !state_->shapes_by_running) return {output_shape(inputs[0])};
    return inferred_shapes(inputs);
}

Shapes Module::inferred_shapes(const Shapes& inputs) {
    build_for(inputs);
    const NoGrad off_tape;
    const ModeScope inference(false);
    // Unknown axes get a size; those at `changed` another.
    const auto run = [&](int changed) {
        Tensors zero;
        for (Shape shape : inputs) {
            for (int i = 0; i < shape.rank(); ++i)
                if (shape[i] == None) shape[i] = (i == 0 ? 2 : 16) + (i == changed);
            zero.push_back(zeros(shape, state_->dtype));
        }
        Shapes results;
        for (const Tensor& result : call(zero)) results.push_back(result.shape());
        return results;
    };
    const Shapes first = run(-1);
    Shapes found = first;
    for (int axis = 0; axis < Shape::max_rank; ++axis) {
        const auto open = [axis](const Shape& shape) { return axis < shape.rank() && shape[axis] == None; };
        if (std::none_of(inputs.begin(), inputs.end(), open)) continue;
        const Shapes other = run(axis);
        for (std::size_t k = 0; k < found.size() && k < other.size(); ++k)
            for (int i = 0; i < found[k].rank() && i < other[k].rank(); ++i)
                if (other[k][i] != first[k][i]) found[k][i] = None;
    }
    return found;
}

std::string Module::class_name() const {
    int status = 0;
    char* text = abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status);
    std::string name = status == 0 ? text : typeid(*this).name();
    std::free(text);
    const std::size_t colon = name.rfind(':');
    return colon == std::string::npos ? name : name.substr(colon + 1);
}

nlohmann::json Module::config() const { return nlohmann::json::object(); }

void Module::build_for(const Shapes& inputs) {
    if (std::atomic_ref(built_).load(std::memory_order_acquire)) return;
    // Of threads that call a module for the first time at once, one builds it and the others wait.
    static std::recursive_mutex building;
    const std::lock_guard lock(building);
    if (built_) return;
    if (inputs.empty()) throw ValueError(fmt::format("{}: it cannot be built without the shape of an input", label()));
    claimed_.clear();
    const weft::detail::OnceScope once;
    build_all(inputs);
    state_->nothing_to_build = true;
    std::atomic_ref(built_).store(true, std::memory_order_release);
}

Tensors Module::parameters() const {
    Tensors tensors;
    for (NamedTensor& entry : named_parameters()) tensors.push_back(std::move(entry.tensor));
    return tensors;
}

std::vector<NamedTensor> Module::named_parameters() const {
    if (const State* waiting = unbuilt(*state_))
        throw ValueError(
            fmt::format("{}: {} has no weights yet, because its input's shape is not known. Call the model once, call "
                        "build_for(), or give the first layer an input_shape.",
                        label(), waiting == state_.get() ? "it" : "'" + waiting->name + "'"));
    std::vector<NamedTensor> found;
    std::unordered_set<const void*> seen;
    auto keep = [&](const std::string& path, const State::Weight& weight) {
        if (weight.trainable) found.push_back({path, weight.tensor});
    };
    walk(*state_, "", seen, keep);
    return found;
}

std::vector<NamedTensor> Module::named_weights() const {
    std::vector<NamedTensor> found;
    std::unordered_set<const void*> seen;
    auto keep = [&](const std::string& path, const State::Weight& weight) { found.push_back({path, weight.tensor}); };
    walk(*state_, "", seen, keep);
    return found;
}

Tensors Module::buffers() const {
    Tensors found;
    std::unordered_set<const void*> seen;
    auto keep = [&](const std::string&, const State::Weight& weight) {
        if (!weight.trainable) found.push_back(weight.tensor);
    };
    walk(*state_, "", seen, keep);
    return found;
}

Tensors Module::penalties() const {
    Tensors found;
    std::unordered_set<const void*> seen;
    auto collect = [&](const std::string&, const State::Weight& weight) {
        if (weight.trainable && weight.tensor.requires_grad() && weight.regularizer.defined())
            found.push_back(weight.regularizer(weight.tensor));
    };
    walk(*state_, "", seen, collect);
    return found;
}

void Module::constrain() {
    const NoGrad off_tape;
    auto project = [](State& state) {
        for (State::Weight& weight : state.weights)
            if (weight.trainable && weight.tensor.requires_grad() && weight.constraint.defined())
                weight.tensor.assign(weight.constraint(weight.tensor.detach()));
    };
    each_state(*state_, project);
}

void Module::train(bool training) {
    auto set = [training](State& state) { state.training = training; };
    each_state(*state_, set);
}

bool Module::training() const { return recalled(current_mode >= 0 ? current_mode == 1 : state_->training); }

void Module::set_trainable(bool trainable) {
    auto set = [trainable](State& state) {
        state.trainable = trainable;
        for (State::Weight& weight : state.weights)
            if (weight.trainable) weight.tensor.set_requires_grad(trainable);
    };
    each_state(*state_, set);
}

void Module::reset_states() {
    auto clear = [](State& state) { state.carried.clear(); };
    each_state(*state_, clear);
}

void Module::to(DType dtype) {
    if (!is_floating(dtype))
        throw DTypeError(fmt::format("{}: weights are float32 or float64; received {}", label(), weft::name(dtype)));
    auto convert = [dtype](State& state) {
        state.dtype = dtype;
        for (State::Weight& weight : state.weights) {
            const bool required = weight.tensor.requires_grad();
            put(weight.tensor, cast(weight.tensor.data(), dtype), {});
            weight.tensor.set_requires_grad(required);
        }
    };
    each_state(*state_, convert);
}

std::string Module::label() const {
    const std::string type = class_name();
    return state_->name.empty() ? type : fmt::format("{} '{}'", type, state_->name);
}

Tensor Module::parameter(const std::string& name, const Shape& shape, const Initializer& initializer,
                         const Regularizer& regularizer, const Constraint& constraint) {
    return weight({name, {}, true, regularizer, constraint}, shape, initializer);
}

Tensor Module::buffer(const std::string& name, const Shape& shape, const Initializer& initializer) {
    return weight({name, {}, false}, shape, initializer);
}

Tensor Module::weight(State::Weight kind, const Shape& shape, const Initializer& initializer) {
    const std::string& name = kind.name;
    check_name(name, "parameter");
    if (std::find(claimed_.begin(), claimed_.end(), name) != claimed_.end())
        throw ValueError(fmt::format("{}: it already has a weight named '{}'", label(), name));
    claimed_.push_back(name);
    for (const State::Weight& existing : state_->weights) {
        if (existing.name != name) continue;
        if (existing.tensor.shape() != shape || existing.trainable != kind.trainable)
            throw ShapeError(fmt::format(
                "{}: its weight '{}' was made as {}, by this or another copy of the module; this input asks for {}",
                label(), name, str(existing.tensor.shape()), str(shape)));
        return existing.tensor;
    }
    BlankWeights* const blank = BlankWeights::current();
    Tensor made = blank ? blank->make(shape, state_->dtype) : initializer(shape, state_->dtype, default_generator());
    made.set_name(state_->name.empty() ? name : state_->name + "." + name);
    if (kind.trainable && state_->trainable) made.set_requires_grad();
    kind.tensor = made;
    state_->weights.push_back(std::move(kind));
    return made;
}

void Module::set_common(const std::string& name, const Shape& input_shape) {
    if (!name.empty()) check_name(name, "name");
    set_name(name);
    state_->input_shape = input_shape;
}

void Module::add_child(const std::string& name, const std::shared_ptr<State>& child) {
    check_name(name, "module");
    for (const auto& [existing, state] : state_->children)
        if (existing == name) throw ValueError(fmt::format("{}: it already has a module named '{}'", label(), name));
    if (contains(*child, state_.get()))
        throw ValueError(fmt::format("{}: a module cannot be a part of itself", label()));
    if (child->name.empty()) child->name = name;
    state_->children.emplace_back(name, child);
}

void Module::expect(const Shape& input, const char* meaning, int rank) const {
    if (input.rank() == rank) return;
    throw ShapeError(fmt::format("{}: expects {}; received {} axes, {}", label(), meaning, input.rank(), str(input)));
}

LentParameters::LentParameters(const Module& module, const Tensors& tensors) : parameters_(module.parameters()) {
    bool fits = parameters_.size() == tensors.size();
    for (std::size_t i = 0; fits && i < tensors.size(); ++i) fits = parameters_[i].shape() == tensors[i].shape();
    if (!fits)
        throw ValueError(fmt::format(
            "with_parameters: {} has {} parameters, and needs as many tensors of the same shapes; received {}",
            module.label(), parameters_.size(), tensors.size()));
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        own_.emplace_back(parameters_[i].data(), parameters_[i].impl()->edge);
        put(parameters_[i], tensors[i].data(), tensors[i].impl()->edge);
    }
}

LentParameters::~LentParameters() {
    for (std::size_t i = 0; i < own_.size(); ++i) put(parameters_[i], own_[i].first, own_[i].second);
}

}  // namespace weft::nn
