#include <weft/autograd/kernels/threads.hpp>
#include <weft/autograd/threads.hpp>

namespace weft {

int num_threads() { return kernels::num_threads(); }
void set_num_threads(int count) { kernels::set_num_threads(count); }

}  // namespace weft
