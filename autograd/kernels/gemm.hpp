// The packed, cache-blocked matrix multiply.
#pragma once

#include <weft/autograd/kernels/isa.hpp>

#include <cstdint>

namespace weft::kernels {

/// What follows the multiply in the same pass.
enum class Epilogue { none, relu };

/// c = op(a) * op(b) (+ c if accumulate) (+ bias), then the epilogue. Row-major; op(a) is [m, k], op(b) is [k, n], c is
/// [m, n]. A transposed a is stored [k, m], a transposed b [n, k]; lda, ldb and ldc are the stored rows' lengths.
/// bias is [n] or null. k == 0 gives zeros (plus c, plus bias). c overlaps nothing.
template <class T>
struct GemmArguments {
    bool transpose_a = false, transpose_b = false;
    std::int64_t m = 0, n = 0, k = 0;
    const T* a = nullptr;
    std::int64_t lda = 0;
    const T* b = nullptr;
    std::int64_t ldb = 0;
    T* c = nullptr;
    std::int64_t ldc = 0;
    bool accumulate = false;
    const T* bias = nullptr;
    Epilogue epilogue = Epilogue::none;
};

struct Gemm {
    /// Uses up to num_threads() threads when the work is worth it.
    void (*f32)(const GemmArguments<float>&);
    void (*f64)(const GemmArguments<double>&);
};

}  // namespace weft::kernels
