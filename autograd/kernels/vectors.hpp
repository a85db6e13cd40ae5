// A loop over contiguous elements, vector by vector, whose last step may be less than a vector. For kernel sources only.
#pragma once

#include <weft/autograd/kernels/partial.hpp>

namespace weft::kernels {
namespace {

/// How such a loop reads and writes: whole vectors, or the first `count` lanes of the last one.
template <class T>
struct Whole {
    Batch<T> load(const T* from) const { return Batch<T>::load_unaligned(from); }
    void store(T* to, const Batch<T>& value) const { value.store_unaligned(to); }
};

template <class T>
struct Part {
    std::int64_t count;
    Batch<T> load(const T* from) const { return load_partial(from, count); }
    void store(T* to, const Batch<T>& value) const { store_partial(to, count, value); }
};

/// Calls body(access, offset) for each vector of `count` elements.
template <class T, class F>
[[gnu::always_inline]] inline void for_each_vector(std::int64_t count, const F& body) {
    std::int64_t i = 0;
    for (; i + lanes<T> <= count; i += lanes<T>) body(Whole<T>{}, i);
    if (i < count) body(Part<T>{count - i}, i);
}

}  // namespace
}  // namespace weft::kernels
