#include <weft/autograd/error.hpp>
#include <weft/nn/functional.hpp>

#include <fmt/core.h>

#include <map>
#include <typeindex>

namespace weft::nn {

namespace {

std::map<std::type_index, detail::Copier>& copiers() {
    static std::map<std::type_index, detail::Copier> known;
    return known;
}

}  // namespace

bool detail::register_copier(const std::type_info& type, Copier copier) {
    copiers()[type] = copier;
    return true;
}

Symbol::Symbol(std::initializer_list<Symbol> symbols) {
    for (const Symbol& symbol : symbols) values_.insert(values_.end(), symbol.values_.begin(), symbol.values_.end());
}

Symbol::Symbol(const std::vector<Symbol>& symbols) {
    for (const Symbol& symbol : symbols) values_.insert(values_.end(), symbol.values_.begin(), symbol.values_.end());
}

Symbol Symbol::operator[](std::size_t i) const {
    if (i >= values_.size())
        throw IndexError(fmt::format("Symbol: it holds {} values; asked for number {}", values_.size(), i));
    return Symbol(std::vector<Value>{values_[i]});
}

const Shape& Symbol::shape() const {
    if (values_.size() != 1)
        throw ValueError(
            fmt::format("Symbol: it holds {} values, and only one has a shape. Take one of them: symbol[0].shape().",
                        values_.size()));
    return values_[0].call->shapes[static_cast<std::size_t>(values_[0].index)];
}

Symbol draw(Layer layer, const Symbol& inputs, Shapes results) {
    const auto call = std::make_shared<const Call>(Call{std::move(layer), inputs.values(), std::move(results)});
    std::vector<Symbol::Value> values;
    for (std::size_t i = 0; i < call->shapes.size(); ++i) values.push_back({call, static_cast<int>(i)});
    return Symbol(std::move(values));
}

Symbol Layer::operator()(const Symbol& inputs) const {
    if (inputs.size() == 0) throw ValueError(fmt::format("{}: called on a symbol that is empty", module_->label()));
    Shapes shapes;
    for (const Symbol::Value& input : inputs.values())
        shapes.push_back(input.call->shapes[static_cast<std::size_t>(input.index)]);
    module_->build_for(shapes);
    return draw(*this, inputs, module_->output_shapes(shapes));
}

Symbol Module::operator()(const Symbol& inputs) {
    const auto found = copiers().find(typeid(*this));
    if (found == copiers().end())
        throw ValueError(fmt::format(
            "{}: C++ cannot tell how to keep a module of this class. Call it as a layer: nn::Layer({}(...))(symbol).",
            label(), class_name()));
    const Layer copy = found->second(*this);
    const Symbol results = copy(inputs);
    Shapes shapes;
    for (const Symbol::Value& input : inputs.values())
        shapes.push_back(input.call->shapes[static_cast<std::size_t>(input.index)]);
    build_for(shapes);  // this object too, so that it can be called on tensors
    return results;
}

InputLayer::InputLayer(const Shape& shape, const InputOptions& options) : shape_(shape), dtype_(options.dtype) {
    set_common(options.name, shape);
    nothing_to_build();
    shape_.insert(0, options.batch_size);
    for (std::int64_t n : shape_)
        if (n < 1 && n != None)
            throw ShapeError(
                fmt::format("{}: sizes must be positive, or None where unknown; received {}", label(), str(shape)));
}

Symbol Input(const Shape& shape, const InputOptions& options) {
    const InputLayer layer(shape, options);
    return draw(layer, Symbol(), {layer.shape()});
}

Layer::Layer(const Symbol& input) {
    const bool one = input.size() == 1 && input.values()[0].call->layer.as<InputLayer>();
    if (!one)
        throw ValueError(
            "Layer: of all symbols only an nn::Input can stand among the layers of a Sequential, as its first");
    *this = input.values()[0].call->layer;
}

}  // namespace weft::nn
