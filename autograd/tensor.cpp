#include <weft/autograd/mode.hpp>
#include <weft/autograd/record.hpp>
#include <weft/autograd/saved.hpp>
#include <weft/autograd/tensor.hpp>

#include <fmt/core.h>

#include <cstring>

namespace weft {

Tensor::Tensor(Array array) : impl_(new detail::TensorImpl(std::move(array))) {}

namespace {
template <class T>
Array single(T value) {
    Array array(Shape(), dtype_of<T>());
    *array.data<T>() = value;
    return array;
}
Tensor weak(Tensor number) {
    number.impl()->weak = true;
    return number;
}
}  // namespace

Tensor Tensor::scalar(double value) { return weak(Tensor(single(value))); }
Tensor Tensor::scalar(std::int64_t value) { return weak(Tensor(single(value))); }
Tensor Tensor::scalar(bool value) { return Tensor(single(value)); }

void Tensor::undefined() {
    throw ValueError("Tensor: this tensor is undefined: it was default-constructed and never given a value");
}

void Tensor::bad_position(std::int64_t position) const {
    throw IndexError(fmt::format("item: position {} is outside {}", position, describe(*this)));
}

double Tensor::element(std::int64_t position) const {
    if (position < 0 && elements() != 1)
        throw ValueError(
            fmt::format("item: without a position the tensor must hold one element; received {}", describe(*this)));
    if (position >= elements()) bad_position(position);
    return dispatch(dtype(),
                    [&]<class T>(T) { return static_cast<double>(data().data<T>()[position < 0 ? 0 : position]); });
}

void Tensor::check_dtype(DType wanted, const char* where) const {
    if (dtype() == wanted) return;
    throw DTypeError(fmt::format("{}: asked for {} elements of a tensor of {}. Convert it first: x.to({}).", where,
                                 weft::name(wanted), describe(*this),
                                 wanted == boolean ? "boolean" : weft::name(wanted)));
}

void Tensor::assign(const Tensor& value) {
    const Array& from = value.data();
    if (from.shape() != shape() || (from.dtype() != dtype() && !value.impl_->weak))
        throw ShapeError(
            fmt::format("assign: the value must be {}, as the tensor; received {}", describe(*this), describe(value)));
    if (!is_leaf() && grad_enabled())
        throw GraphError(
            fmt::format("assign: {} is the result of a recorded operation, and its derivative would be that of the old "
                        "value. Make a new tensor, or assign under no_grad.",
                        describe(*this)));
    const Array converted = cast(from, dtype());
    std::memmove(impl_->array.data<std::byte>(), converted.data<std::byte>(), converted.bytes());
    impl_->array.changed();
}

bool Tensor::is_leaf() const { return !requires_grad() || impl_->edge.node->is_leaf(); }

Tensor& Tensor::set_requires_grad(bool required) {
    if (!is_floating(dtype()) && required)
        throw DTypeError(
            fmt::format("set_requires_grad: only float32 and float64 tensors have gradients; received {}. Convert it "
                        "first: x.to(float32).",
                        describe(*this)));
    if (!is_leaf())
        throw GraphError(
            fmt::format("set_requires_grad: {} is the result of a recorded operation; only a leaf can be switched. Use "
                        "detach() for its value off the tape.",
                        describe(*this)));
    if (required == requires_grad()) return *this;
    impl_->weak = false;
    impl_->edge = required ? Edge{Pointer<Node>(new Leaf({shape(), dtype()}, name())), 0} : Edge{};
    return *this;
}

Tensor Tensor::grad() const {
    if (!requires_grad() || !is_leaf()) return {};
    return static_cast<const Leaf&>(*impl_->edge.node).gradient;
}

void Tensor::set_grad(const Tensor& gradient) {
    if (!requires_grad() || !is_leaf()) {
        if (gradient.defined())
            throw GraphError(fmt::format("set_grad: {} is not a leaf that requires a gradient", describe(*this)));
        return;
    }
    if (gradient.defined() && (gradient.shape() != shape() || gradient.dtype() != dtype()))
        throw ShapeError(
            fmt::format("set_grad: the gradient must be {}; received {}", describe(*this), describe(gradient)));
    static_cast<Leaf&>(*impl_->edge.node).gradient = gradient.defined() ? gradient.detach() : Tensor();
}

Tensor Tensor::detach() const { return Tensor(Array(data())); }

Tensor Tensor::to(DType dtype) const {
    if (dtype == this->dtype() && !impl_->weak) return *this;
    Array result = cast(data(), dtype);
    if (!is_floating(dtype)) return Tensor(std::move(result));
    const DType before = this->dtype();
    return record(std::move(result), {*this}, [before](const Tensor& dy) { return dy.to(before); });
}

const std::string& Tensor::name() const {
    static const std::string none;
    return impl_ && impl_->companions ? impl_->companions->name : none;
}

void Tensor::set_name(const std::string& name) {
    data();
    if (!impl_->companions) impl_->companions = std::make_unique<detail::Companions>();
    impl_->companions->name = name;
    if (requires_grad() && is_leaf()) static_cast<Leaf&>(*impl_->edge.node).label = name;
}

std::string describe(const Tensor& x) {
    if (!x.defined()) return "an undefined tensor";
    const std::string named = x.name().empty() ? "" : fmt::format(" '{}'", x.name());
    return fmt::format("{} {}{}", name(x.dtype()), str(x.shape()), named);
}

namespace {

void print(std::string& text, const Tensor& x, int axis, std::int64_t first) {
    if (axis == x.rank()) {
        const double value = x.item<double>(first);
        text += is_floating(x.dtype()) ? fmt::format("{:.6g}", value) : fmt::format("{}", x.item<std::int64_t>(first));
        return;
    }
    std::int64_t stride = 1;
    for (int i = axis + 1; i < x.rank(); ++i) stride *= x.shape()[i];
    const std::int64_t n = x.shape()[axis], edge = 3;
    const bool last = axis + 1 == x.rank();
    text += "[";
    for (std::int64_t i = 0; i < n; ++i) {
        if (i > 0) text += last ? ", " : ",\n" + std::string(static_cast<std::size_t>(axis) + 1, ' ');
        if (n > 1000 / std::max(x.rank(), 1) && i == edge) {
            text += "...";
            i = n - edge - 1;
            continue;
        }
        print(text, x, axis + 1, first + i * stride);
    }
    text += "]";
}

}  // namespace

std::string str(const Tensor& x) {
    if (!x.defined()) return "undefined";
    std::string text;
    print(text, x, 0, 0);
    return text + " " + describe(x);
}

}  // namespace weft
