#include <weft/data/prefetch.hpp>

#include <algorithm>
#include <system_error>
#include <utility>

namespace weft::data {

Prefetch::Prefetch(std::int64_t count, Make make, int ahead, int workers)
    : count_(count),
      make_(std::move(make)),
      slots_(static_cast<std::size_t>(std::clamp<std::int64_t>(ahead, 1, std::max<std::int64_t>(count, 1)))) {
    const std::int64_t wanted = std::min<std::int64_t>({workers, ahead, count});
    try {
        for (std::int64_t i = 0; i < wanted; ++i) threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
        // The system grants no more threads: those there are will do, or none.
    } catch (...) {
        stop();
        throw;
    }
}

Prefetch::~Prefetch() { stop(); }

void Prefetch::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    room_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

void Prefetch::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        room_.wait(lock, [&] {
            return stopping_ || begun_ == count_ || begun_ < delivered_ + static_cast<std::int64_t>(slots_.size());
        });
        if (stopping_ || begun_ == count_) return;
        make_one(lock);
    }
}

void Prefetch::make_one(std::unique_lock<std::mutex>& lock) {
    const std::int64_t batch = begun_++;
    lock.unlock();
    Slot made;
    try {
        made.batch = make_(batch);
    } catch (...) {
        made.failure = std::current_exception();
    }
    made.ready = true;
    lock.lock();
    if (made.failure) begun_ = count_;  // nobody will ask for what comes after
    slot(batch) = std::move(made);
    if (batch == delivered_) ready_.notify_one();
}

bool Prefetch::next(Tensors& batch) {
    if (delivered_ == count_) return false;  // written by this thread alone
    Tensors made;
    {
        std::unique_lock lock(mutex_);
        Slot& first = slot(delivered_);
        // Not even begun: on a busy machine a worker may sleep for longer than it would take to make.
        if (!first.ready && begun_ == delivered_) make_one(lock);
        ready_.wait(lock, [&] { return first.ready; });
        if (first.failure) std::rethrow_exception(first.failure);
        made = std::move(first.batch);
        first = {};
        ++delivered_;
    }
    room_.notify_one();
    batch = std::move(made);
    return true;
}

}  // namespace weft::data
