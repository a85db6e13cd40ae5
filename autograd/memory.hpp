// The library's own pool. Blocks are 64-byte aligned, kept in lists by size, first by the thread that freed them and
// then by all, so that a training step in steady state asks the operating system for nothing.
#pragma once

#include <cstddef>

namespace weft {

/// A block of at least `bytes`, not cleared. Throws std::bad_alloc.
void* allocate(std::size_t bytes);
/// Gives back a block of allocate; `bytes` as asked then.
void deallocate(void* block, std::size_t bytes) noexcept;

/// Returns what the pool keeps unused (the calling thread's lists and the common ones) to the operating system.
void release_memory();

struct MemoryUse {
    std::size_t in_use = 0;  ///< bytes handed out and not yet given back, in blocks of 64 KiB or more
    std::size_t peak = 0;    ///< the most that `in_use` has been
    std::size_t kept = 0;    ///< bytes lying unused in the common lists
};
MemoryUse memory_use();
void reset_peak_memory();

}  // namespace weft
