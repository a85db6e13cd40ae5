// Symbols: values that are not there yet. Calling layers on them draws the graph that a nn::Model is made of:
//
//     nn::Symbol image = nn::Input({28, 28, 1});
//     nn::Symbol a = nn::Conv2d(16, 3, {.padding = "same"})(image);
//     nn::Symbol b = nn::Conv2d(16, 1)(image);
//     nn::Model model(image, nn::Linear(10)(nn::Flatten()(a + b)));
#pragma once

#include <weft/autograd/dtype.hpp>
#include <weft/autograd/shape.hpp>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace weft::nn {

struct Call;

/// One value that is not there yet, or several in order: what layers take and give, {a, b} for a layer of two inputs.
class Symbol {
public:
    /// A result of a call of a layer.
    struct Value {
        std::shared_ptr<const Call> call;
        int index = 0;
        bool operator==(const Value&) const = default;
    };

    Symbol() = default;
    /// All of these, in order.
    Symbol(std::initializer_list<Symbol> symbols);
    Symbol(const std::vector<Symbol>& symbols);
    explicit Symbol(std::vector<Value> values) : values_(std::move(values)) {}

    /// How many values these are.
    std::size_t size() const { return values_.size(); }
    /// One of them. Throws IndexError.
    Symbol operator[](std::size_t i) const;
    /// The only one's shape, with the batch axis in front; unknown axes are None. Throws ValueError if there are
    /// several.
    const Shape& shape() const;

    const std::vector<Value>& values() const { return values_; }

private:
    std::vector<Value> values_;
};

struct InputOptions {
    std::int64_t batch_size = None;
    DType dtype = float32;  ///< int64 for labels and token numbers; a floating type means the one the model computes in
    std::string name = {};
};

/// Where a model's data comes in: samples of that shape, without the batch axis. Also the first entry of a Sequential.
Symbol Input(const Shape& shape, const InputOptions& options = {});

}  // namespace weft::nn
