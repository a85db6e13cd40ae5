#include <weft/autograd/memory.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include <sys/mman.h>

namespace weft {
namespace {

// Four sizes to each power of two: at most a quarter of a block is unused.
constexpr int size_classes = 4 * 58;
constexpr std::size_t smallest = 64;
constexpr std::size_t small_block = 1 << 16;      // below this, counting bytes would cost more than the block
constexpr std::size_t kept_by_thread = 64 << 20;  // bytes of larger blocks that a thread keeps to itself
constexpr int small_kept_by_thread = 4096;
constexpr std::size_t huge_page = 2 << 20;
constexpr std::size_t mapped_block = 1 << 20;     // from this size on blocks lie in mappings of the pool's own,
constexpr std::size_t mapping = 64 << 20;         // several in one; what nobody has touched takes no memory
constexpr std::size_t lone_block = 8 << 20;       // from this size on each in one by itself

int size_class(std::size_t bytes) {
    const std::size_t n = std::max(bytes, smallest) - 1;
    const int power = std::bit_width(n) - 1;
    return 4 * power + static_cast<int>((n >> (power - 2)) & 3) + 1;
}

constexpr std::size_t class_bytes(int index) {
    return (std::size_t{4} + static_cast<std::size_t>(index & 3)) << (index / 4 - 2);
}

struct Block {
    Block* next;
};

std::atomic<std::size_t> in_use{0}, peak{0};

void count(std::size_t bytes) {
    const std::size_t now = in_use.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    std::size_t seen = peak.load(std::memory_order_relaxed);
    while (now > seen && !peak.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {}
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool pooled = false;  // the sanitizers must see every block come and go
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif
#else
constexpr bool pooled = true;
#endif

struct Lists {
    std::array<Block*, size_classes> heads{};
    std::atomic<std::size_t> bytes = 0;  // read without the lock: is it worth taking?

    Block* pop(int index) {
        Block* block = heads[index];
        if (block) {
            heads[index] = block->next;
            bytes -= class_bytes(index);
        }
        return block;
    }
    void push(int index, Block* block) {
        block->next = heads[index];
        heads[index] = block;
        bytes += class_bytes(index);
    }
};

struct Common {
    std::mutex mutex;
    Lists lists;
    std::byte* uncut = nullptr;  // what is left of the last mapping
    std::size_t uncut_bytes = 0;
};

Common& common() {
    static Common* pool = new Common;  // outlives every static that may still free a tensor
    return *pool;
}

/// A mapping that begins with a huge page, or null.
std::byte* map(std::size_t bytes) {
    const std::size_t wanted = bytes + huge_page;
    void* const found = mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED) return nullptr;
    const std::size_t before = -reinterpret_cast<std::uintptr_t>(found) % huge_page;
    std::byte* const memory = static_cast<std::byte*>(found) + before;
    if (before > 0) munmap(found, before);
    if (before < huge_page) munmap(memory + bytes, huge_page - before);
#ifdef MADV_HUGEPAGE
    madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    return memory;
}

/// Large blocks lie side by side, so that huge pages cover them to their ends. The processor foresees what comes next
/// only within a page: arrays of some megabytes are read an eighth faster.
void* map_block(std::size_t size) {
    Common& pool = common();
    const std::lock_guard lock(pool.mutex);
    if (size < lone_block && pool.uncut_bytes < size)
        if (std::byte* const memory = map(mapping)) {
            if (pool.uncut_bytes > 0) munmap(pool.uncut, pool.uncut_bytes);
            pool.uncut = memory;
            pool.uncut_bytes = mapping;
        }
    if (size < lone_block && pool.uncut_bytes >= size) {
        pool.uncut_bytes -= size;
        return std::exchange(pool.uncut, pool.uncut + size);
    }
    return map(size);
}

void* new_block(std::size_t size, std::size_t bytes) {
    void* block = nullptr;
    if (pooled && size >= mapped_block) block = map_block(size);
    // Without the pool of the size asked for, so that the sanitizers see what lies beyond.
    else if (posix_memalign(&block, 64, pooled ? size : std::max(bytes, smallest)) != 0) block = nullptr;
    if (!block) throw std::bad_alloc();
    return block;
}

void give_back(void* block, std::size_t size) noexcept {
    if (pooled && size >= mapped_block) munmap(block, size);
    else std::free(block);
}

struct ThreadLists {
    std::array<Block*, size_classes> heads{};
    std::array<int, size_classes> counts{};
    std::size_t large_bytes = 0;
    bool alive = false, gone = false;
};

[[gnu::tls_model("initial-exec")]] constinit thread_local ThreadLists mine{};

void give_to_common() {
    const std::lock_guard lock(common().mutex);
    for (int index = 0; index < size_classes; ++index) {
        while (Block* block = mine.heads[index]) {
            mine.heads[index] = block->next;
            common().lists.push(index, block);
        }
        mine.counts[index] = 0;
    }
    mine.large_bytes = 0;
}

/// One that lies unused, or null.
Block* kept_block(int index) {
    if (Block* block = mine.heads[index]) {
        mine.heads[index] = block->next;
        --mine.counts[index];
        if (class_bytes(index) >= small_block) mine.large_bytes -= class_bytes(index);
        return block;
    }
    if (common().lists.bytes.load(std::memory_order_relaxed) == 0) return nullptr;
    const std::lock_guard lock(common().mutex);
    return common().lists.pop(index);
}

struct AtThreadEnd {
    ~AtThreadEnd() {
        give_to_common();
        mine.gone = true;
    }
};

void register_thread() {
    static thread_local AtThreadEnd at_end;
    (void)at_end;
    mine.alive = true;
}

}  // namespace

void* allocate(std::size_t bytes) {
    if (bytes > class_bytes(size_classes - 1)) throw std::bad_alloc();
    const int index = size_class(bytes);
    const std::size_t size = class_bytes(index);
    void* block = pooled ? kept_block(index) : nullptr;
    if (!block) block = new_block(size, bytes);
    if (size >= small_block) count(size);
    return block;
}

void deallocate(void* pointer, std::size_t bytes) noexcept {
    if (!pointer) return;
    const int index = size_class(bytes);
    const std::size_t size = class_bytes(index);
    const bool large = size >= small_block;
    if (large) in_use.fetch_sub(size, std::memory_order_relaxed);
    if (!pooled || mine.gone) {
        give_back(pointer, size);
        return;
    }
    if (!mine.alive) register_thread();
    Block* block = static_cast<Block*>(pointer);
    if (large ? mine.large_bytes + size > kept_by_thread : mine.counts[index] >= small_kept_by_thread) {
        const std::lock_guard lock(common().mutex);
        common().lists.push(index, block);
        return;
    }
    block->next = mine.heads[index];
    mine.heads[index] = block;
    ++mine.counts[index];
    if (large) mine.large_bytes += size;
}

void release_memory() {
    give_to_common();
    const std::lock_guard lock(common().mutex);
    for (int index = 0; index < size_classes; ++index)
        while (Block* block = common().lists.pop(index)) give_back(block, class_bytes(index));
    if (common().uncut_bytes > 0) munmap(common().uncut, std::exchange(common().uncut_bytes, 0));
}

MemoryUse memory_use() {
    const std::lock_guard lock(common().mutex);
    return {in_use.load(), peak.load(), common().lists.bytes};
}

void reset_peak_memory() { peak.store(in_use.load()); }

}  // namespace weft
