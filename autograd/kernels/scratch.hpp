// Working memory of kernels, one set of buffers a thread.
#pragma once

#include <cstddef>

namespace weft::kernels {

/// Who uses which buffer: a kernel that calls another shares none with it.
enum ScratchSlot {
    scratch_gemm_a,
    scratch_gemm_b,
    scratch_gemm_row,
    scratch_conv_a,
    scratch_conv_b,
    scratch_conv_c,
    scratch_recurrent_weights,
    scratch_recurrent_rows,
    scratch_slots
};

/// The calling thread's buffer of that slot, 64-byte aligned, at least `bytes` long. What was in it is undefined; it
/// stays valid until the thread asks for more in the same slot, or ends. Throws std::bad_alloc.
void* scratch(int slot, std::size_t bytes);

}  // namespace weft::kernels
