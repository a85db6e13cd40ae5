// Walking a span a vector at a time. A kernel writes its body once, as a generic lambda over the kind of access:
// `Whole` moves all lanes, `First` the few that are left at the end. For kernel sources only (see arch.hpp).
#pragma once

#include <weft/autograd/kernels/partial.hpp>

namespace weft::kernels {
namespace {

struct Whole {
    template <class T>
    [[gnu::always_inline]] Batch<T> load(const T* x) const {
        return Batch<T>::load_unaligned(x);
    }
    template <class T>
    [[gnu::always_inline]] Batch<T> load(const T* x, T) const {
        return Batch<T>::load_unaligned(x);
    }
    template <class T>
    [[gnu::always_inline]] void store(T* y, const Batch<T>& value) const {
        value.store_unaligned(y);
    }
};

struct First {
    std::int64_t count;

    /// The lanes beyond are zero.
    template <class T>
    [[gnu::always_inline]] Batch<T> load(const T* x) const {
        return load_partial<T>(x, count);
    }
    /// The lanes beyond are `rest`.
    template <class T>
    [[gnu::always_inline]] Batch<T> load(const T* x, T rest) const {
        alignas(64) T beyond[lanes<T>];
        for (std::int64_t i = 0; i < lanes<T>; ++i) beyond[i] = i < count ? T(0) : T(1);
        const auto within = Batch<T>::load_aligned(beyond) == Batch<T>(T(0));
        return xsimd::select(within, load_partial<T>(x, count), Batch<T>(rest));
    }
    template <class T>
    [[gnu::always_inline]] void store(T* y, const Batch<T>& value) const {
        store_partial<T>(y, count, value);
    }
};

/// body(access, i) for i = 0, L, 2L, ... below n, L the lanes of T.
template <class T, class Body>
[[gnu::always_inline]] inline void each(std::int64_t n, Body&& body) {
    std::int64_t i = 0;
    for (; i + lanes<T> <= n; i += lanes<T>) body(Whole{}, i);
    if (i < n) body(First{n - i}, i);
}

}  // namespace
}  // namespace weft::kernels
