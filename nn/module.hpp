// Module: the base of all layers and models. A module is a handle: a copy shares the weights.
#pragma once

#include <weft/autograd/hooks.hpp>
#include <weft/autograd/random.hpp>
#include <weft/autograd/tensor.hpp>
#include <weft/nn/constraint.hpp>
#include <weft/nn/initializers.hpp>
#include <weft/nn/regularizer.hpp>
#include <weft/nn/symbol.hpp>

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft::nn {

class Module;

/// The shapes of several tensors, each with the batch axis in front, as None.
using Shapes = std::vector<Shape>;

/// A weight with its path: "dense.kernel", or "kernel" within its own layer.
struct NamedTensor {
    std::string name;
    Tensor tensor;
};

/// What a module's hooks are: they may return other inputs or results, or nothing to leave them.
using ForwardPreHook = Tensors(const Module& module, const Tensors& inputs);
using ForwardHook = Tensors(const Module& module, const Tensors& inputs, const Tensors& results);

/// What all copies of a module share. It never points back to a module object.
struct State {
    struct Weight {
        std::string name;
        Tensor tensor;
        bool trainable;  ///< a parameter; else a buffer
        Regularizer regularizer = {};
        Constraint constraint = {};
    };
    std::string name;                ///< given by the user or by the container; "" until then
    bool named_by_user = false;      ///< else a container may name it as it needs
    std::vector<Weight> weights;     ///< in the layer's own, fixed order
    std::vector<std::pair<std::string, std::shared_ptr<State>>> children;
    Shape input_shape;               ///< without the batch axis; rank 0 if not given
    Regularizer activity_regularizer;  ///< of what the module returns
    DType dtype = float32;           ///< of the parameters made from here on
    Tensors carried;                 ///< the states that a stateful recurrent layer hands from batch to batch
    bool training = true;
    bool trainable = true;           ///< set_trainable(false) holds for parameters made later, too
    bool nothing_to_build = false;   ///< every shape was known at construction, or there are no weights
    bool shapes_by_running = false;  ///< the class says nothing of its result's shape
    HookList<ForwardPreHook> forward_pre_hooks = {};
    HookList<ForwardHook> forward_hooks = {};
};

class Module {
public:
    Module();
    /// Copies are handles on the same State. Deleted moves make those of derived classes copy, so nothing is left
    /// empty.
    Module(const Module&) = default;
    Module(Module&&) = delete;
    /// Throws ValueError when this is registered in another module, whose weights it would silently leave.
    Module& operator=(const Module& other);
    Module& operator=(Module&&) = delete;
    virtual ~Module() = default;

    /// Runs the module; builds it first, if its weights wait for the input's shape.
    Tensor operator()(const Tensor& input);
    Tensors operator()(const Tensors& inputs);
    /// Draws a call for a nn::Model: builds the module for these shapes and tells those of the results. Several calls
    /// share the weights. Throws ShapeError where the inputs do not fit.
    Symbol operator()(const Symbol& inputs);

    // What a layer overrides. -------------------------------------------------------------------------------------

    /// Makes the weights. `input` has the batch axis in front, as None; other axes may be None too.
    virtual void build(const Shape& input);
    /// The value for one input.
    virtual Tensor forward(const Tensor& input);
    /// The result's shape for an input's; unknown axes stay None. By default found by running zeros of two sizes
    /// through the module. Throws ShapeError where the input does not fit.
    virtual Shape output_shape(const Shape& input);

    // The same for a layer of several inputs or results; each by default does the above.

    /// Makes the weights for several inputs; by default build() for the first.
    virtual void build_all(const Shapes& inputs);
    /// The values for several inputs; by default forward() of the only one.
    virtual Tensors call(const Tensors& inputs);
    /// The shapes of all results; by default output_shape() of the only input, or found by running where the class has
    /// no such function, or for several inputs.
    virtual Shapes output_shapes(const Shapes& inputs);

    /// Whether the first input's mask goes on with the results (Keras's supports_masking). If not, it ends here, unless
    /// call() gives its results masks of their own with set_mask().
    virtual bool supports_masking() const { return false; }
    /// The Keras class of the same meaning ("Dense"), by default the C++ class' name.
    virtual std::string class_name() const;
    /// The constructor's arguments by their Keras names, for saving; without name, dtype and trainable.
    virtual nlohmann::json config() const;

    // What its users call. -----------------------------------------------------------------------------------------

    /// Makes the weights for an input of that shape (batch axis first, as None), if that has not happened yet.
    void build_for(const Shape& input) { build_for(Shapes{input}); }
    void build_for(const Shapes& inputs);
    bool built() const { return built_ || state_->nothing_to_build; }

    /// All trainable weights, this module's and its children's, each once. Throws ValueError if something is unbuilt.
    Tensors parameters() const;
    std::vector<NamedTensor> named_parameters() const;
    /// Parameters and buffers in the fixed order of the layers.
    std::vector<NamedTensor> named_weights() const;
    Tensors buffers() const;

    /// The penalties of the regularizers of weights that are not frozen, each a scalar on the tape. fit and evaluate
    /// add them to the loss, with what a LossScope collects.
    Tensors penalties() const;
    /// Brings the weights that have a constraint and are not frozen back to it. fit does so after each update.
    void constrain();

    /// Training or inference for bare calls; children follow.
    void train(bool training = true);
    void eval() { train(false); }
    bool training() const;
    /// Whether the parameters collect gradients; children follow.
    void set_trainable(bool trainable);
    /// Makes stateful recurrent layers, this one and the children, begin anew with zeros.
    void reset_states();
    /// Converts all weights, in place, and those still to be made.
    void to(DType dtype);

    /// Calls hook before, or after, each call of this module or a copy of it, alone or within another. What the hook
    /// returns takes the place of the inputs, or of the results; an empty list leaves them.
    HookHandle register_forward_pre_hook(std::function<ForwardPreHook> hook) {
        return state_->forward_pre_hooks.add(std::move(hook));
    }
    HookHandle register_forward_hook(std::function<ForwardHook> hook) {
        return state_->forward_hooks.add(std::move(hook));
    }

    const std::string& name() const { return state_->name; }
    void set_name(const std::string& name) {
        state_->name = name;
        state_->named_by_user = !name.empty();
    }
    /// "Conv2d 'conv2d_1'", for error texts.
    std::string label() const;
    const Shape& input_shape() const { return state_->input_shape; }
    const std::shared_ptr<State>& state() const { return state_; }

protected:
    /// A trainable weight: made now, or the one of this name that the State already has, if shape and type agree.
    /// Throws ValueError for a name with dots, an empty name, or one used twice in one build.
    Tensor parameter(const std::string& name, const Shape& shape,
                     const Initializer& initializer = init::glorot_uniform(), const Regularizer& regularizer = {},
                     const Constraint& constraint = {});
    /// A weight that is not trained, such as a moving average.
    Tensor buffer(const std::string& name, const Shape& shape, const Initializer& initializer = init::zeros());
    /// Registers a child and returns it: nn::Linear in = module("in", nn::Linear(2, 64));
    template <class M>
    M module(const std::string& name, M child) {
        note_overrides(child);
        add_child(name, child.state());
        static_cast<Module&>(child).registered_ = true;
        return child;
    }

    /// What output_shape() and output_shapes() say where a class has neither; by default found by running.
    virtual Shapes inferred_shapes(const Shapes& inputs);
    /// For the constructors of layers: the options that all of them have.
    void set_common(const std::string& name, const Shape& input_shape);
    /// A penalty on each of the module's results, divided by the batch's size.
    void set_activity_regularizer(const Regularizer& regularizer) { state_->activity_regularizer = regularizer; }
    void nothing_to_build() { state_->nothing_to_build = true; }
    void add_child(const std::string& name, const std::shared_ptr<State>& child);
    /// Throws ShapeError unless the input has the rank and (unless None) the axes of `expected`; `meaning` names them.
    void expect(const Shape& input, const char* meaning, int rank) const;

    /// Adds a number to the loss that is being minimised: a penalty, a divergence. Outside a LossScope, which fit and
    /// evaluate hold, nothing happens. Throws ShapeError for anything but one number.
    void add_loss(const Tensor& loss) const;

    // A module whose class does not override build() has nothing to wait for; C++ can tell by the pointer's type.
    template <class M>
    static void note_overrides(const M& child) {
        if constexpr (requires { &M::build; &M::build_all; })
            if constexpr (std::is_same_v<decltype(&M::build), void (Module::*)(const Shape&)> &&
                          std::is_same_v<decltype(&M::build_all), void (Module::*)(const Shapes&)>)
                child.state()->nothing_to_build = true;
        if constexpr (requires { &M::output_shape; })
            if constexpr (std::is_same_v<decltype(&M::output_shape), Shape (Module::*)(const Shape&)>)
                child.state()->shapes_by_running = true;
    }
    friend class Layer;

private:
    Tensor weight(State::Weight kind, const Shape& shape, const Initializer& initializer);
    void add_activity_losses(const Tensors& results) const;

    std::shared_ptr<State> state_;
    bool built_ = false;
    bool registered_ = false;
    std::vector<std::string> claimed_;  // names made since the last build began
};

/// While it lives, a module's parameters are other tensors. See with_parameters.
class LentParameters {
public:
    LentParameters(const Module& module, const Tensors& tensors);
    ~LentParameters();
    LentParameters(const LentParameters&) = delete;
    LentParameters& operator=(const LentParameters&) = delete;

private:
    Tensors parameters_;
    std::vector<std::pair<Array, Edge>> own_;
};

/// What f() returns when the module's parameters, in the order of parameters(), are the given tensors: gradients flow
/// to these. Not for a module that other threads use meanwhile, because its copies share the parameters; a thread that
/// wants its own builds the module anew. Throws ValueError if number or shapes disagree.
template <class F>
decltype(auto) with_parameters(const Module& module, const Tensors& tensors, F&& f) {
    const LentParameters lent(module, tensors);
    return std::forward<F>(f)();
}

}  // namespace weft::nn
