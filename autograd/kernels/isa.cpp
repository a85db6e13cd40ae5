// Compiled with baseline flags: it runs before anything is known about the processor.
#include <weft/autograd/kernels/isa.hpp>

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace weft::kernels {

std::string_view name(Isa isa) {
#if defined(__aarch64__)
    (void)isa;
    return "neon";
#else
    constexpr std::string_view names[] = {"sse2", "avx2", "avx512"};
    return names[static_cast<int>(isa)];
#endif
}

const std::vector<Isa>& available() {
#if defined(__aarch64__)
    static const std::vector<Isa> found{Isa::neon};
#else
    // __builtin_cpu_supports also asks the operating system whether it saves the wide registers.
    static const std::vector<Isa> found = [] {
        __builtin_cpu_init();
        std::vector<Isa> isas{Isa::sse2};
        const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        if (avx2) isas.push_back(Isa::avx2);
        if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512cd"))
            isas.push_back(Isa::avx512);
        return isas;
    }();
#endif
    return found;
}

Isa active_isa() {
    static const Isa chosen = [] {
        const char* forced = std::getenv("WEFT_ISA");
        if (!forced || !*forced) return available().back();
        std::string known;
        for (Isa isa : available()) {
            if (name(isa) == forced) return isa;
            known += (known.empty() ? "" : ", ") + std::string(name(isa));
        }
        throw std::invalid_argument("WEFT_ISA: this processor offers " + known + "; received '" + forced +
                                    "'. Unset it, or name one of these.");
    }();
    return chosen;
}

std::int64_t first_level_cache() {
    static const std::int64_t bytes = [] {
#if defined(_SC_LEVEL1_DCACHE_SIZE)
        if (const long told = sysconf(_SC_LEVEL1_DCACHE_SIZE); told > 0) return std::int64_t(told);
#endif
        return std::int64_t(32 * 1024);
    }();
    return bytes;
}

}  // namespace weft::kernels
