// The pool.
#include "catch.hpp"

#include <weft/autograd/array.hpp>
#include <weft/autograd/memory.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include <unistd.h>

using namespace weft;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool pooled = false;
#else
constexpr bool pooled = true;
#endif

}  // namespace

TEST_CASE("memory: blocks of every size are aligned, apart, and as large as asked for") {
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (std::size_t bytes = 0; bytes < 5000; bytes += bytes < 300 ? 1 : 97)
        blocks.emplace_back(static_cast<unsigned char*>(allocate(bytes)), bytes);
    for (std::size_t bytes : {65535, 65536, 65537, 1 << 20, (1 << 20) + 1, 5'000'000, 70'000'000, 3'000'000})
        blocks.emplace_back(static_cast<unsigned char*>(allocate(bytes)), bytes);
    for (std::size_t i = 0; i < blocks.size(); ++i)
        std::memset(blocks[i].first, static_cast<int>(i & 255), blocks[i].second);
    bool aligned = true, intact = true;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const auto [block, bytes] = blocks[i];
        aligned = aligned && reinterpret_cast<std::uintptr_t>(block) % 64 == 0;
        for (std::size_t k = 0; k < bytes; ++k) intact = intact && block[k] == (i & 255);
        deallocate(block, bytes);
    }
    CHECK(aligned);
    CHECK(intact);
    deallocate(nullptr, 100);
}

TEST_CASE("memory: a freed block is handed out again for the next of its size") {
    if (!pooled) return;
    for (std::size_t bytes : {100, 100'000}) {
        void* first = allocate(bytes);
        deallocate(first, bytes);
        void* again = allocate(bytes - 2);  // rounds up to the same size
        CHECK(again == first);
        void* other = allocate(bytes);
        CHECK(other != first);
        deallocate(again, bytes - 2);
        deallocate(other, bytes);
    }
}

TEST_CASE("memory: large blocks are counted, and the peak is remembered") {
    reset_peak_memory();
    const std::size_t before = memory_use().in_use;
    void* block = allocate(1 << 20);
    const std::size_t during = memory_use().in_use;
    CHECK(during >= before + (1 << 20));
    CHECK(during <= before + (1 << 20) * 5 / 4);
    deallocate(block, 1 << 20);
    CHECK(memory_use().in_use == before);
    CHECK(memory_use().peak == during);
    reset_peak_memory();
    CHECK(memory_use().peak == before);
}

TEST_CASE("memory: release_memory returns what lies unused, and leaves the rest as it is") {
    if (!pooled || !std::filesystem::exists("/proc/self/statm")) return;
    constexpr std::size_t count = 100, megabyte = 1 << 20, size = 2 * megabyte;
    const auto resident = [] {
        std::size_t whole = 0, pages = 0;
        std::ifstream("/proc/self/statm") >> whole >> pages;
        return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    };
    std::vector<char*> blocks;  // more than a thread keeps to itself
    for (std::size_t i = 0; i < count; ++i) {
        blocks.push_back(static_cast<char*>(allocate(size)));
        std::memset(blocks.back(), static_cast<int>(i), size);
    }
    const std::size_t full = resident();
    for (std::size_t i = 0; i < count; ++i)
        if (i % 4 != 0) deallocate(blocks[i], size);
    CHECK(memory_use().kept >= 50 * megabyte);
    release_memory();
    CHECK(memory_use().kept == 0);
    CHECK(resident() + 140 * megabyte <= full);
    for (std::size_t i = 0; i < count; i += 4) {
        CHECK(std::all_of(blocks[i], blocks[i] + size, [i](char byte) { return byte == static_cast<char>(i); }));
        deallocate(blocks[i], size);
    }
    release_memory();
    CHECK(resident() + 190 * megabyte <= full);
    void* block = allocate(size);  // and the pool works on
    deallocate(block, size);
}

TEST_CASE("memory: what no machine can give is refused, and not counted") {
    const MemoryUse before = memory_use();
    std::vector<std::size_t> sizes{std::size_t{1} << 58, std::size_t{1} << 62, SIZE_MAX};
    if (pooled) sizes.push_back(std::size_t{1} << 46);  // the address sanitizer ends the process there
    else sizes.clear();
    for (std::size_t bytes : sizes) CHECK_THROWS_AS(allocate(bytes), std::bad_alloc);
    CHECK(memory_use().in_use == before.in_use);
    CHECK(memory_use().peak == before.peak);
}

TEST_CASE("memory: arrays that come and go leave no mapping behind") {
    if (!pooled || !std::filesystem::exists("/proc/self/maps")) return;
    const auto mappings = [] {
        std::ifstream maps("/proc/self/maps");
        return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
    };
    const auto round = [] {
        void* small = allocate(3 << 20);
        void* large = allocate(80 << 20);
        deallocate(large, 80 << 20);
        deallocate(small, 3 << 20);
        release_memory();
    };
    round();
    const auto before = mappings();
    for (int i = 0; i < 100; ++i) round();
    CHECK(mappings() <= before + 2);
}

TEST_CASE("memory: blocks wander between threads") {
    // Made here, freed there: what a thread kept goes to all when it ends.
    std::vector<void*> blocks;
    std::set<void*> known;
    for (int i = 0; i < 1000; ++i) known.insert(blocks.emplace_back(allocate(300)));
    std::thread([&] {
        for (void* block : blocks) deallocate(block, 300);
    }).join();
    if (pooled) {
        int reused = 0;
        for (void*& block : blocks) reused += known.contains(block = allocate(300));
        CHECK(reused == 1000);
        for (void* block : blocks) deallocate(block, 300);
    }
    // One makes and another frees, at the same time.
    std::vector<Array> arrays(64);
    for (int round = 0; round < 50; ++round) {
        for (Array& array : arrays) array = Array({40, 50}, DType::float32);
        std::thread([taken = std::move(arrays)]() mutable { taken.clear(); }).detach();
        arrays = std::vector<Array>(64);
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([] {
            for (int round = 0; round < 2000; ++round) {
                Array small({round % 100}, DType::float64), large({20'000 + round}, DType::float32);
                small = large.rows(0, 1);
            }
        });
    for (std::thread& thread : threads) thread.join();
}

TEST_CASE("memory: an array shares its buffer until it is copied") {
    Array a({2, 3}, DType::float32);
    std::memset(a.data<std::byte>(), 0, a.bytes());
    CHECK(a.unique());
    Array b = a, c = a.copy(), rows = a.rows(1, 2);
    CHECK(a.shares_buffer(b));
    CHECK_FALSE(a.shares_buffer(c));
    CHECK_FALSE(a.unique());
    CHECK(c.unique());
    CHECK(rows.shape() == Shape{1, 3});
    b.data<float>()[3] = 7;
    b.changed();
    CHECK(rows.data<float>()[0] == 7);
    CHECK(c.data<float>()[3] == 0);
    CHECK(a.version() == rows.version());
    CHECK(a.version() != c.version());
    b = Array();
    rows = b;
    CHECK(a.unique());
    CHECK_FALSE(rows.defined());
    const Array moved = std::move(a);
    CHECK_FALSE(a.defined());
    CHECK(moved.unique());
}
