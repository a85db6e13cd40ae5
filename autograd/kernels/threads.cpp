#include <weft/autograd/kernels/threads.hpp>

#include <algorithm>
#include <atomic>
#include <thread>

#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace weft::kernels {
namespace {

std::atomic<int>& requested() {
    static std::atomic<int> count{0};
    return count;
}

class FlushDenormals {
public:
#if defined(__x86_64__)
    FlushDenormals() : before_(_mm_getcsr()) {
        if ((before_ & flags) != flags) _mm_setcsr(before_ | flags);
    }
    ~FlushDenormals() {
        if ((before_ & flags) != flags) _mm_setcsr(before_);
    }

private:
    static constexpr unsigned flags = 0x8040;  // flush to zero, denormals are zero
    unsigned before_;
#endif
};

}  // namespace

int num_threads() {
    if (int count = requested().load(std::memory_order_relaxed)) return count;
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

void set_num_threads(int count) { requested().store(std::max(count, 0), std::memory_order_relaxed); }

void detail::parallel_for(std::int64_t count, std::int64_t grain, void* context, Body body) {
    if (count <= 0) return;
    const std::int64_t parts = std::min<std::int64_t>(num_threads(), count / std::max<std::int64_t>(grain, 1));
#ifdef _OPENMP
    if (parts > 1 && !omp_in_parallel()) {
#pragma omp parallel num_threads(static_cast<int>(parts))
        {
            const FlushDenormals flush;
            const std::int64_t team = omp_get_num_threads(), member = omp_get_thread_num();
            const std::int64_t begin = count * member / team, end = count * (member + 1) / team;
            if (begin < end) body(context, begin, end);
        }
        return;
    }
#endif
    const FlushDenormals flush;
    body(context, 0, count);
}

}  // namespace weft::kernels
