#include <weft/autograd/kernels/scratch.hpp>

#include <algorithm>
#include <new>

namespace weft::kernels {
namespace {

struct Buffer {
    static constexpr std::align_val_t alignment{64};

    void* memory = nullptr;
    std::size_t size = 0;

    ~Buffer() { ::operator delete(memory, alignment); }

    void* grow(std::size_t bytes) {
        if (bytes > size) {
            const std::size_t wanted = std::max(bytes, size + size / 2);  // sizes that creep up settle soon
            ::operator delete(memory, alignment);
            memory = nullptr;
            size = 0;
            memory = ::operator new(wanted, alignment);
            size = wanted;
        }
        return memory;
    }
};

thread_local Buffer buffers[scratch_slots];

}  // namespace

void* scratch(int slot, std::size_t bytes) { return buffers[slot].grow(bytes); }

}  // namespace weft::kernels
