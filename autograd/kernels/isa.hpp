// Which instruction set the kernels run on: chosen once, at first use, from what the processor and the operating
// system offer, or from the environment variable WEFT_ISA (sse2, avx2, avx512; neon on ARM). And what else kernels ask
// of the processor.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace weft::kernels {

#if defined(__aarch64__)
enum class Isa { neon };
#else
enum class Isa { sse2, avx2, avx512 };
#endif

/// The name as WEFT_ISA spells it.
std::string_view name(Isa isa);

/// What this processor can run, slowest first.
const std::vector<Isa>& available();

/// What the kernels run on. Throws std::invalid_argument if WEFT_ISA names a set that is unknown or not available.
Isa active_isa();

/// Bytes of a core's first-level data cache; 32 KB where the system does not tell.
std::int64_t first_level_cache();

/// The kernels of one family (a struct of function pointers, such as Elementwise) for one instruction set.
/// Defined in the family's own source file, which is compiled once for each instruction set.
template <class Family, Isa isa>
const Family& family();

/// The kernels of a family for a given instruction set; the caller vouches that the processor has it.
template <class Family>
const Family& family(Isa isa) {
#if defined(__aarch64__)
    (void)isa;
    return family<Family, Isa::neon>();
#else
    switch (isa) {
        case Isa::avx512: return family<Family, Isa::avx512>();
        case Isa::avx2: return family<Family, Isa::avx2>();
        default: return family<Family, Isa::sse2>();
    }
#endif
}

/// The kernels of a family for the instruction set in use: active<Elementwise>().tanh.
template <class Family>
const Family& active() {
    static const Family& chosen = family<Family>(active_isa());
    return chosen;
}

}  // namespace weft::kernels
