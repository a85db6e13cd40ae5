// Layer: any module, held by value. It is what containers are made of: Sequential{Conv2d(...), Flatten(), my_module}.
#pragma once

#include <weft/nn/module.hpp>

#include <concepts>
#include <memory>

namespace weft::nn {

class Layer {
public:
    Layer() = default;
    /// A copy of the module, which shares its weights.
    template <std::derived_from<Module> M>
    Layer(const M& module) : module_(std::make_shared<M>(module)) {
        Module::note_overrides(module);
    }

    explicit operator bool() const { return static_cast<bool>(module_); }
    Module& operator*() const { return *module_; }
    Module* operator->() const { return module_.get(); }
    /// The module as its own class; null if it is another.
    template <class M>
    M* as() const {
        return dynamic_cast<M*>(module_.get());
    }

private:
    std::shared_ptr<Module> module_;
};

}  // namespace weft::nn
