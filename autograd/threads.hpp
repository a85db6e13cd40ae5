// How many threads weft uses.
#pragma once

namespace weft {

/// How many threads a kernel may use: set_num_threads, else OMP_NUM_THREADS, else the processor's.
int num_threads();
/// 0 goes back to the default. The same number of threads gives the same bits.
void set_num_threads(int count);

}  // namespace weft
