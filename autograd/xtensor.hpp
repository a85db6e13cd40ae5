// The one header through which weft includes xtensor: it knows both header layouts (xtensor moved them in 0.26) and
// mends what xtensor 0.24 and 0.25 get wrong in C++20 with g++.
#pragma once

#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/containers/xarray.hpp>
#include <xtensor/core/xnoalias.hpp>
#include <xtensor/core/xtensor_config.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xarray.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xtensor_config.hpp>
#endif

// xtensor tells dynamic shapes from fixed ones by a partial specialisation that it declares only when __cplusplus is
// exactly C++17's. Without it g++ takes svector for a fixed shape in C++20: pad, tile and assignments through
// strided_view silently give zeros, and immediate reductions crash. tests/autograd/xtensor_test.cpp is the probe.
#if defined(__GNUC__) && !defined(__clang__) && __cplusplus > 201703L && XTENSOR_VERSION_MAJOR == 0 && \
    XTENSOR_VERSION_MINOR < 26
namespace xt::detail {
template <template <class, std::size_t, class, bool> class S, class X, std::size_t N, class A, bool Init>
struct xtype_for_shape<S<X, N, A, Init>> {
    template <class T, layout_type L>
    using type = xarray<T, L>;
};
}  // namespace xt::detail
#endif
