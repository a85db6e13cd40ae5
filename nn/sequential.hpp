// Sequential: one layer after another.
#pragma once

#include <weft/nn/model.hpp>

#include <initializer_list>

namespace weft::nn {

class Sequential : public Model {
public:
    Sequential();
    /// Builds at once if the first layer has an input_shape.
    Sequential(std::initializer_list<Layer> layers);
    explicit Sequential(const std::vector<Layer>& layers, const std::string& name = {});
    /// A view of a model that is a chain. Throws ValueError for any other.
    explicit Sequential(const Model& model);

    /// Appends a layer; it gets a name if it has none. Throws ValueError for a name that is taken, ShapeError for a
    /// layer that does not fit.
    void add(const Layer& layer);

    std::string class_name() const override { return "Sequential"; }
};

}  // namespace weft::nn
