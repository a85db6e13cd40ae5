// Included by the kernel sources only, each of which is compiled once per instruction set with that set's flags:
// Arch is xsimd's tag for it. Everything in such a source that is not a template over Arch stands in an unnamed
// namespace and takes nothing inline from the standard library: a weak symbol compiled for AVX-512 could become the
// copy that every other file is linked against.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <xsimd/xsimd.hpp>

#include <cstddef>
#include <cstdint>

namespace weft::kernels {
namespace {

using Arch = WEFT_KERNEL_ARCH;
constexpr Isa this_isa = Isa::WEFT_KERNEL_ISA;

template <class T>
using Batch = xsimd::batch<T, Arch>;

template <class T>
constexpr std::int64_t lanes = static_cast<std::int64_t>(Batch<T>::size);

}  // namespace
}  // namespace weft::kernels
