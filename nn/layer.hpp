// Layer: any module, held by value. It is what containers are made of: Sequential{Conv2d(...), Flatten(), my_module}.
#pragma once

#include <weft/nn/module.hpp>

#include <concepts>
#include <memory>
#include <typeinfo>

namespace weft::nn {

class Layer;

namespace detail {
/// How a module that is seen as a nn::Module is copied as what it is. Every class of which the program makes a Layer,
/// anywhere, registers itself before main.
using Copier = Layer (*)(const Module& module);
bool register_copier(const std::type_info& type, Copier copier);
template <class M>
struct Copyable {
    static const bool known;
};
}  // namespace detail

class Layer {
public:
    Layer() = default;
    /// A copy of the module, which shares its weights.
    template <std::derived_from<Module> M>
    Layer(const M& module) : module_(std::make_shared<M>(module)) {
        Module::note_overrides(module);
        static_cast<void>(detail::Copyable<M>::known);
    }
    /// An nn::Input, for the first place in a Sequential. Throws ValueError for other symbols.
    Layer(const Symbol& input);

    explicit operator bool() const { return static_cast<bool>(module_); }
    Module& operator*() const { return *module_; }
    Module* operator->() const { return module_.get(); }
    /// The module as its own class; null if it is another.
    template <class M>
    M* as() const {
        return dynamic_cast<M*>(module_.get());
    }

    Tensor operator()(const Tensor& input) const { return (*module_)(input); }
    Tensors operator()(const Tensors& inputs) const { return (*module_)(inputs); }
    Symbol operator()(const Symbol& inputs) const;
    /// The same, for one who keeps it.
    template <class M>
    std::shared_ptr<M> share() const {
        return std::dynamic_pointer_cast<M>(module_);
    }

private:
    std::shared_ptr<Module> module_;
};

template <class M>
const bool detail::Copyable<M>::known = register_copier(typeid(M), [](const Module& module) {
    return Layer(dynamic_cast<const M&>(module));
});

}  // namespace weft::nn
