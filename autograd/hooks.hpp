// Functions that a user hangs on tensors, nodes of the tape and modules.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace weft {

/// Takes a hook off again. It may be copied, kept longer than what the hook hung on, or dropped: the hook stays.
class HookHandle {
public:
    HookHandle() = default;
    explicit HookHandle(std::function<void()> remove) : remove_(std::move(remove)) {}
    void remove() {
        if (remove_) std::exchange(remove_, nullptr)();
    }

private:
    std::function<void()> remove_;
};

/// Hooks in the order in which they were added.
template <class Signature>
class HookList {
public:
    HookHandle add(std::function<Signature> hook) {
        std::erase_if(hooks_, [](const auto& each) { return !*each; });
        hooks_.push_back(std::make_shared<std::function<Signature>>(std::move(hook)));
        return HookHandle([weak = std::weak_ptr(hooks_.back())] {
            if (const auto hook = weak.lock()) *hook = nullptr;
        });
    }
    bool empty() const { return hooks_.empty(); }
    /// Calls use(hook) for each; a hook may remove itself or others, or add one that is called from the next time on.
    template <class Use>
    void each(Use&& use) const {
        const auto hooks = hooks_;
        for (const auto& hook : hooks)
            if (const std::function<Signature> kept = *hook) use(kept);
    }

private:
    std::vector<std::shared_ptr<std::function<Signature>>> hooks_;
};

}  // namespace weft
