// A pointer that shares what it points to through a counter inside it; T says how it is destroyed by destroy(T*).
#pragma once

#include <atomic>
#include <utility>

namespace weft {

template <class T>
class Pointer {
public:
    Pointer() = default;
    explicit Pointer(T* raw) noexcept : raw_(raw) {
        // Nobody else knows of what nobody shares yet: the first share needs no atomic addition.
        if (raw_ && raw_->references.load(std::memory_order_relaxed) == 0)
            raw_->references.store(1, std::memory_order_relaxed);
        else retain();
    }
    Pointer(const Pointer& other) noexcept : raw_(other.raw_) { retain(); }
    Pointer(Pointer&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    Pointer& operator=(Pointer other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~Pointer() {
        // Nobody else can gain a share when this is the last, so the last needs no atomic subtraction.
        if (raw_ && (raw_->references.load(std::memory_order_acquire) == 1 ||
                     raw_->references.fetch_sub(1, std::memory_order_acq_rel) == 1))
            destroy(raw_);
    }

    T* get() const { return raw_; }
    T* operator->() const { return raw_; }
    T& operator*() const { return *raw_; }
    explicit operator bool() const { return raw_ != nullptr; }
    bool operator==(const Pointer&) const = default;

private:
    void retain() noexcept {
        if (raw_) raw_->references.fetch_add(1, std::memory_order_relaxed);
    }
    T* raw_ = nullptr;
};

}  // namespace weft
