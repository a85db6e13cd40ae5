// Array: element type, shape and a shared, reference-counted buffer; row-major and contiguous. It knows no gradients.
#pragma once

#include <weft/autograd/dtype.hpp>
#include <weft/autograd/memory.hpp>
#include <weft/autograd/shape.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weft {

/// The memory behind one or more arrays: this header, then the bytes, 64-byte aligned, in one block of the pool.
struct alignas(64) Buffer {
    std::atomic<std::uint32_t> references{1};
    std::atomic<std::uint32_t> version{0};  ///< counts the changes made through named functions
    std::size_t bytes = 0;

    std::byte* data() { return reinterpret_cast<std::byte*>(this + 1); }

    static Buffer* create(std::size_t bytes);
    void release() noexcept {
        if (references.load(std::memory_order_acquire) == 1 || references.fetch_sub(1, std::memory_order_acq_rel) == 1)
            destroy();
    }

private:
    void destroy() noexcept;
};

class Array {
public:
    Array() = default;
    /// Uninitialised elements.
    Array(const Shape& shape, DType dtype);

    Array(const Array& other) noexcept
        : buffer_(other.buffer_), data_(other.data_), shape_(other.shape_), dtype_(other.dtype_) {
        if (buffer_) buffer_->references.fetch_add(1, std::memory_order_relaxed);
    }
    Array(Array&& other) noexcept
        : buffer_(std::exchange(other.buffer_, nullptr)), data_(other.data_), shape_(other.shape_),
          dtype_(other.dtype_) {}
    Array& operator=(Array other) noexcept {
        std::swap(buffer_, other.buffer_);
        data_ = other.data_;
        shape_ = other.shape_;
        dtype_ = other.dtype_;
        return *this;
    }
    ~Array() {
        if (buffer_) buffer_->release();
    }

    bool defined() const { return buffer_ != nullptr; }
    const Shape& shape() const { return shape_; }
    DType dtype() const { return dtype_; }
    std::int64_t elements() const { return shape_.elements(); }
    std::size_t bytes() const { return static_cast<std::size_t>(elements()) * item_size(dtype_); }

    /// The first element; T must be the element type (the callers have checked), or std::byte.
    template <class T>
    const T* data() const {
        return reinterpret_cast<const T*>(data_);
    }
    template <class T>
    T* data() {
        return reinterpret_cast<T*>(data_);
    }

    /// The same elements under another shape of equally many; shares the buffer.
    Array reshaped(const Shape& shape) const;
    /// Rows [begin, end) of the first axis; shares the buffer.
    Array rows(std::int64_t begin, std::int64_t end) const;
    /// The same elements in a buffer of its own.
    Array copy() const;

    std::uint32_t version() const { return buffer_->version.load(std::memory_order_relaxed); }
    void changed() { buffer_->version.fetch_add(1, std::memory_order_relaxed); }
    /// Whether no other array shares the buffer.
    bool unique() const { return buffer_->references.load(std::memory_order_acquire) == 1; }
    bool shares_buffer(const Array& other) const { return buffer_ == other.buffer_; }

private:
    Buffer* buffer_ = nullptr;
    std::byte* data_ = nullptr;
    Shape shape_;
    DType dtype_ = DType::float32;
};

/// Zeros, or false.
Array zeros_array(const Shape& shape, DType dtype);
/// Every element equal to value.
Array full_array(const Shape& shape, double value, DType dtype);
/// The elements converted; float to integer cuts towards zero, anything to bool asks whether it is not zero.
Array cast(const Array& x, DType dtype);

}  // namespace weft
