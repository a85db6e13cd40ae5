// What the tape keeps for each thread, in one place that is reached without a call. For autograd's sources only.
#pragma once

#include <cstdint>

namespace weft {

class Node;
class Observer;

struct ThreadState {
    std::uint64_t last_serial = 0;
    bool recording = true;
    bool destroying = false;
    Node* doomed = nullptr;          ///< nodes waiting for the destroy() that is under way further down the stack
    Observer* observer = nullptr;    ///< the innermost
    const Node* running = nullptr;   ///< whose derivative is being computed
};

[[gnu::tls_model("initial-exec")]] extern constinit thread_local ThreadState this_thread;

}  // namespace weft
