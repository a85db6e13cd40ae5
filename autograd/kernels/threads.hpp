// Threads inside kernels. OpenMP where the build has it, the calling thread alone where not.
#pragma once

#include <cstdint>
#include <type_traits>

namespace weft::kernels {

/// How many threads a kernel may use: set_num_threads, else OMP_NUM_THREADS, else the processor's.
int num_threads();
void set_num_threads(int count);

namespace detail {
using Body = void (*)(void* context, std::int64_t begin, std::int64_t end);
void parallel_for(std::int64_t count, std::int64_t grain, void* context, Body body);
}  // namespace detail

/// Calls body(begin, end) on consecutive parts of [0, count), one for each thread of the team actually granted, none
/// smaller than `grain` (in the units of count). The partition depends on count, grain and the team alone, so the same
/// number of threads gives the same bits. Runs on the calling thread when there is but one part, or inside another
/// parallel region. Every part runs with denormals flushed to zero: denormal optimizer moments made a step 26 times
/// slower. The body must not throw.
template <class F>
void parallel_for(std::int64_t count, std::int64_t grain, F&& body) {
    detail::parallel_for(count, grain, const_cast<void*>(static_cast<const void*>(&body)),
                         [](void* context, std::int64_t begin, std::int64_t end) {
                             (*static_cast<std::remove_reference_t<F>*>(context))(begin, end);
                         });
}

/// Elements below which a second thread does not pay for elementwise work.
inline constexpr std::int64_t elementwise_grain = 16384;

}  // namespace weft::kernels
