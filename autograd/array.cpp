#include <weft/autograd/array.hpp>
#include <weft/autograd/error.hpp>
#include <weft/autograd/kernels/threads.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace weft {

Buffer* Buffer::create(std::size_t bytes) {
    Buffer* buffer = new (allocate(sizeof(Buffer) + bytes)) Buffer;
    buffer->bytes = bytes;
    return buffer;
}

void Buffer::destroy() noexcept {
    const std::size_t size = bytes;
    this->~Buffer();
    deallocate(this, sizeof(Buffer) + size);
}

namespace {

std::size_t bytes_of(const Shape& shape, DType dtype) {
    std::size_t bytes = item_size(dtype);
    for (std::int64_t n : shape) {
        if (n < 0)
            throw ShapeError(fmt::format("Array: every axis must be known and not negative; received {}", str(shape)));
        if (__builtin_mul_overflow(bytes, static_cast<std::size_t>(n), &bytes) ||
            bytes > std::numeric_limits<std::size_t>::max() / 4)
            throw ShapeError(fmt::format("Array: {} {} is more than memory can hold", name(dtype), str(shape)));
    }
    return bytes;
}

}  // namespace

Array::Array(const Shape& shape, DType dtype)
    : buffer_(Buffer::create(bytes_of(shape, dtype))), data_(buffer_->data()), shape_(shape), dtype_(dtype) {}

Array Array::reshaped(const Shape& shape) const {
    Array result = *this;
    result.shape_ = shape;
    return result;
}

Array Array::rows(std::int64_t begin, std::int64_t end) const {
    Array result = *this;
    const std::int64_t row = shape_.front() ? elements() / shape_.front() : 0;
    result.data_ += static_cast<std::size_t>(begin * row) * item_size(dtype_);
    result.shape_[0] = end - begin;
    return result;
}

Array Array::copy() const {
    Array result(shape_, dtype_);
    std::memcpy(result.data_, data_, bytes());
    return result;
}

Array zeros_array(const Shape& shape, DType dtype) {
    Array result(shape, dtype);
    std::memset(result.data<std::byte>(), 0, result.bytes());
    return result;
}

Array full_array(const Shape& shape, double value, DType dtype) {
    Array result(shape, dtype);
    dispatch(dtype, [&]<class T>(T) { std::fill_n(result.data<T>(), result.elements(), static_cast<T>(value)); });
    return result;
}

Array cast(const Array& x, DType dtype) {
    if (x.dtype() == dtype) return x;
    Array result(x.shape(), dtype);
    dispatch(x.dtype(), [&]<class From>(From) {
        dispatch(dtype, [&]<class To>(To) {
            const From* from = x.data<From>();
            To* to = result.data<To>();
            kernels::parallel_for(x.elements(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
                for (std::int64_t i = begin; i < end; ++i) {
                    if constexpr (std::is_same_v<To, bool>) to[i] = from[i] != From{};
                    else to[i] = static_cast<To>(from[i]);
                }
            });
        });
    });
    return result;
}

}  // namespace weft
