// Tensor: a cheap handle on an array and, if it needs a gradient, on its place on the tape.
#pragma once

#include <weft/autograd/array.hpp>
#include <weft/autograd/dtype.hpp>
#include <weft/autograd/error.hpp>
#include <weft/autograd/hooks.hpp>
#include <weft/autograd/node.hpp>
#include <weft/autograd/pointer.hpp>
#include <weft/autograd/shape.hpp>
#include <weft/autograd/xtensor.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft {

class Tensor;
using Tensors = std::vector<Tensor>;
/// What the derivative of an op gives: one tensor for each input; an undefined one where there is no gradient.
using Gradients = std::vector<Tensor>;

template <class T>
concept Arithmetic = std::is_arithmetic_v<T>;
template <class E>
concept XExpression = xt::is_xexpression<std::decay_t<E>>::value;

namespace detail {

// What travels with some tensors only.
struct Companions {
    std::string name;                ///< a parameter's, for error texts and pictures of the graph
    std::shared_ptr<Tensor> logits;  ///< of a softmax or sigmoid: what it was computed from
    enum class Link { none, softmax, sigmoid } link = Link::none;
    std::shared_ptr<Tensor> mask;    ///< bool [batch, time], true where a step counts
};

struct TensorImpl {
    std::atomic<std::uint32_t> references{0};
    bool weak = false;  ///< a C++ number: takes the other operand's element type
    Array array;
    Edge edge;
    std::unique_ptr<Companions> companions;

    explicit TensorImpl(Array&& array) : array(std::move(array)) {}

    static void* operator new(std::size_t bytes) { return allocate(bytes); }
    static void operator delete(void* block) { deallocate(block, sizeof(TensorImpl)); }
};
inline void destroy(TensorImpl* impl) noexcept { delete impl; }

// The element storage that an xtensor adaptor holds: a span that keeps its array alive.
template <class T>
class SharedSpan {
public:
    using value_type = std::remove_const_t<T>;
    using allocator_type = std::allocator<value_type>;  // named: xtensor's own depends on the compiler's flags
    using size_type = std::size_t;
    using difference_type = std::ptrdiff_t;
    using reference = T&;
    using const_reference = const T&;
    using pointer = T*;
    using const_pointer = const T*;
    using iterator = T*;
    using const_iterator = const T*;
    using reverse_iterator = std::reverse_iterator<iterator>;
    using const_reverse_iterator = std::reverse_iterator<const_iterator>;

    SharedSpan(Array array, T* data)
        : array_(std::move(array)), data_(data), size_(static_cast<std::size_t>(array_.elements())) {}
    SharedSpan(const SharedSpan&) = default;
    /// Writes the other's elements here, as xtensor means it when it assigns one adaptor to another; a read-only span
    /// shows the other's instead.
    SharedSpan& operator=(const SharedSpan& other) {
        if constexpr (std::is_const_v<T>) {
            array_ = other.array_;
            data_ = other.data_;
            size_ = other.size_;
        } else {
            write(other);
        }
        return *this;
    }
    SharedSpan& operator=(const xt::uvector<value_type, allocator_type>& elements) {
        write(elements);
        return *this;
    }

    size_type size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* data() const { return data_; }
    T* begin() const { return data_; }
    T* end() const { return data_ + size_; }
    const T* cbegin() const { return begin(); }
    const T* cend() const { return end(); }
    reverse_iterator rbegin() const { return reverse_iterator(end()); }
    reverse_iterator rend() const { return reverse_iterator(begin()); }
    const_reverse_iterator crbegin() const { return rbegin(); }
    const_reverse_iterator crend() const { return rend(); }
    T& operator[](size_type i) const { return data_[i]; }
    /// xtensor asks before it assigns; a tensor's elements stay as many as they are.
    void resize(size_type size) const {
        if (size != size_) throw ShapeError("array: an assignment cannot change the shape of a tensor");
    }

private:
    template <class Elements>
    void write(const Elements& elements) {
        resize(elements.size());
        std::copy(elements.begin(), elements.end(), data_);
    }

    Array array_;
    T* data_;
    size_type size_;
};

}  // namespace detail
}  // namespace weft

/// What xtensor computes in where an assignment may read what it writes.
template <class T>
struct xt::temporary_container<weft::detail::SharedSpan<T>> {
    using type = uvector<std::remove_const_t<T>, std::allocator<std::remove_const_t<T>>>;
};

namespace weft {

/// What array<T>() gives: a row-major xtensor array over the tensor's own elements, usable in any xtensor expression.
template <class T>
using XArray = xt::xarray_adaptor<detail::SharedSpan<T>, xt::layout_type::row_major, xt::dynamic_shape<std::size_t>>;

class Tensor {
public:
    /// Undefined: no value at all.
    Tensor() = default;
    explicit Tensor(Array array);
    /// A number. In an operation with another tensor it takes that one's element type; an integer with float gives
    /// that float.
    template <Arithmetic T>
    Tensor(T value)
        : Tensor(scalar(static_cast<std::conditional_t<std::is_floating_point_v<T>, double, element_for<T>>>(value))) {}
    /// The value of any xtensor expression. Integers other than uint8 become int64.
    template <XExpression E>
    Tensor(const E& expression);

    bool defined() const { return static_cast<bool>(impl_); }
    const Shape& shape() const { return data().shape(); }
    /// The size of one axis, counted from the end if negative.
    std::int64_t shape(std::int64_t axis) const { return shape()[shape().axis(axis, "shape")]; }
    int rank() const { return shape().rank(); }
    std::int64_t elements() const { return shape().elements(); }
    DType dtype() const { return data().dtype(); }

    /// The elements without the tape. Throws ValueError if undefined.
    const Array& data() const {
        if (!impl_) undefined();
        return impl_->array;
    }
    /// The elements in row-major order. Throws DTypeError if T is not the element type.
    template <class T>
    std::span<const T> values() const {
        return {checked<T>("values"), static_cast<std::size_t>(elements())};
    }
    /// The elements as a read-only xtensor array that keeps them alive. Throws DTypeError.
    template <class T>
    XArray<const T> array() const {
        const T* first = checked<T>("array");
        return XArray<const T>(detail::SharedSpan<const T>(data(), first), xt_shape());
    }
    /// The same for writing. The tape notices: what was saved for a derivative counts as changed.
    template <class T>
    XArray<T> mutable_array() {
        T* first = const_cast<T*>(checked<T>("mutable_array"));
        impl_->array.changed();
        return XArray<T>(detail::SharedSpan<T>(data(), first), xt_shape());
    }
    /// One element, by its row-major position; without a position the tensor must hold exactly one. Any type converts.
    template <Arithmetic T>
    T item() const {
        return static_cast<T>(element(-1));
    }
    template <Arithmetic T>
    T item(std::int64_t position) const {
        if (position < 0) bad_position(position);
        return static_cast<T>(element(position));
    }
    /// The elements in row-major order, for writing. The tape notices, as with mutable_array.
    template <class T>
    std::span<T> mutable_values() {
        T* first = const_cast<T*>(checked<T>("mutable_values"));
        impl_->array.changed();
        return {first, static_cast<std::size_t>(elements())};
    }
    /// Calls f with the float32 or float64 xtensor array. Throws DTypeError for other element types.
    template <class F>
    auto visit(F&& f) const {
        if (dtype() == float64) return f(array<double>());
        return f(array<float>());
    }
    /// Overwrites the elements, in place, with those of a tensor of the same shape and element type. The tape notices.
    void assign(const Tensor& value);

    /// Whether backward() or grad() can reach this tensor.
    bool requires_grad() const { return impl_ && impl_->edge; }
    /// Makes this a leaf that collects a gradient, or no longer. Throws DTypeError for integers, GraphError for the
    /// result of an operation.
    Tensor& set_requires_grad(bool required = true);
    bool is_leaf() const;
    /// What backward() has summed here so far; undefined before the first. Only leaves have one.
    Tensor grad() const;
    void set_grad(const Tensor& gradient);
    void zero_grad() { set_grad(Tensor()); }
    /// Derivatives of this scalar (or of sum(this * seed)) with respect to every leaf, added to their grad().
    void backward(const Tensor& seed = {}, bool retain_graph = false) const;

    /// Calls hook(gradient) in every backward pass once this tensor's gradient is complete. What it returns takes the
    /// gradient's place, for this tensor and all before it; an undefined tensor keeps it. Throws GraphError if no
    /// gradient is required. A leaf's hooks end when set_requires_grad(false) makes it no leaf.
    HookHandle register_hook(std::function<Tensor(const Tensor&)> hook) const;
    /// Calls hook(dx, dy) whenever the derivative of the op that gave this result has been computed: dx, the gradients
    /// of the op's inputs (undefined where none is wanted), and dy, those that came to its results. What it returns, if
    /// not empty, takes the place of dx. Throws GraphError for a tensor that is no op's result.
    HookHandle register_node_hook(std::function<Gradients(const Gradients& dx, const Gradients& dy)> hook) const;

    /// The same elements off the tape.
    Tensor detach() const;
    /// The elements as another type; differentiable between float types.
    Tensor to(DType dtype) const;
    /// The same elements in row-major order under another shape; one axis may be -1.
    Tensor reshape(const Shape& shape) const;

    /// A parameter's name, or "".
    const std::string& name() const;
    void set_name(const std::string& name);

    Tensor operator-() const;
    Tensor& operator+=(const Tensor& other);
    Tensor& operator-=(const Tensor& other);
    Tensor& operator*=(const Tensor& other);
    Tensor& operator/=(const Tensor& other);

    /// Whether both are handles on the same value.
    bool is(const Tensor& other) const { return impl_ == other.impl_; }
    detail::TensorImpl* impl() const { return impl_.get(); }

private:
    static Tensor scalar(double value);
    static Tensor scalar(std::int64_t value);
    static Tensor scalar(bool value);
    static Tensor scalar(std::uint8_t value) { return scalar(static_cast<std::int64_t>(value)); }
    [[noreturn]] static void undefined();
    [[noreturn]] void bad_position(std::int64_t position) const;
    double element(std::int64_t position) const;
    void check_dtype(DType wanted, const char* where) const;

    template <class T>
    const T* checked(const char* where) const {
        check_dtype(dtype_of<T>(), where);
        return data().data<T>();
    }
    xt::dynamic_shape<std::size_t> xt_shape() const { return {shape().begin(), shape().end()}; }

    Pointer<detail::TensorImpl> impl_;
};

template <XExpression E>
Tensor::Tensor(const E& expression) {
    using Value = std::remove_cv_t<typename E::value_type>;
    using Element = element_for<Value>;
    Shape shape;
    for (auto n : expression.shape()) shape.push_back(static_cast<std::int64_t>(n));
    Array result(shape, dtype_of<Element>());
    auto view = XArray<Element>(detail::SharedSpan<Element>(result, result.data<Element>()),
                                xt::dynamic_shape<std::size_t>(shape.begin(), shape.end()));
    if (result.elements() > 0) xt::noalias(view) = expression;
    *this = Tensor(std::move(result));
}

/// "float32 [32, 10]"
std::string describe(const Tensor& x);
/// The elements, as NumPy prints them, long axes cut short.
std::string str(const Tensor& x);

}  // namespace weft
