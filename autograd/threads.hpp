// How many threads weft uses.
#pragma once

#include <weft/autograd/kernels/threads.hpp>

namespace weft {

using kernels::num_threads;
using kernels::set_num_threads;

}  // namespace weft
