// Batches made ahead of time, in the background, and handed out in order.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace weft::data {

/// Calls make(0), make(1), ... make(count - 1), each once, on threads of its own and at most `ahead` batches before
/// they are asked for; `next` gives the results in that order, whoever made them. What `make` throws, `next` throws in
/// its place, and from then on. `next` calls `make` itself if no worker has come to that batch yet, and always with no
/// workers or nothing to be made ahead; so `make` may run on several threads at once.
class Prefetch {
public:
    using Make = std::function<Tensors(std::int64_t batch)>;

    Prefetch(std::int64_t count, Make make, int ahead, int workers);
    /// Waits for the batches that are being made, no more.
    ~Prefetch();
    Prefetch(const Prefetch&) = delete;
    Prefetch& operator=(const Prefetch&) = delete;

    bool next(Tensors& batch);

private:
    struct Slot {
        Tensors batch;
        std::exception_ptr failure;
        bool ready = false;
    };

    void work();
    void make_one(std::unique_lock<std::mutex>& lock);
    void stop();
    Slot& slot(std::int64_t batch) { return slots_[static_cast<std::size_t>(batch) % slots_.size()]; }

    const std::int64_t count_;
    const Make make_;
    std::vector<Slot> slots_;  // of batch i: i modulo their number

    std::mutex mutex_;  // guards all that follows, and the slots
    std::condition_variable ready_, room_;
    std::int64_t begun_ = 0, delivered_ = 0;
    bool stopping_ = false;

    std::vector<std::thread> threads_;
};

}  // namespace weft::data
