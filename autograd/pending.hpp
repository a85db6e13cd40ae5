// What a backward pass has still to do. For the engine alone.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace weft {

/// A node and what has come to its results so far.
struct Pending {
    Pointer<Node> node;
    Tensor one;        ///< of a node with one result
    Tensors several;   ///< of any other

    std::span<Tensor> gradients() { return several.empty() ? std::span(&one, 1) : std::span(several); }
};

// Ordered so that a larger serial number comes first.
struct PendingKey {
    std::uint64_t serial = 0;
    Node* node = nullptr;
    bool operator==(const PendingKey&) const = default;
    bool operator<(const PendingKey& other) const {
        return serial != other.serial ? serial > other.serial : std::less<>()(node, other.node);
    }
    bool operator>(const PendingKey& other) const { return other < *this; }
};

/// Nodes in falling serial number: whatever uses a value is taken before the op that made it. The few largest lie in
/// an array, where nearly all of a pass takes place; the others in a tree, so that a thousand waiting nodes are no
/// burden.
class PendingNodes {
public:
    bool empty() const { return near_count_ == 0 && far_.empty(); }

    /// The entry of a node, made if there is none. It moves when another is made or taken.
    Pending& at(const Edge& edge) {
        const PendingKey key{edge.node->serial(), edge.node.get()};
        std::size_t place = near_count_;
        while (place > 0 && near_[place - 1].first < key) --place;  // the next to be taken lies last
        if (place > 0 && near_[place - 1].first == key) return near_[place - 1].second;
        if (!far_.empty())
            if (const auto found = far_.find(key); found != far_.end()) return found->second;
        if (near_count_ == near_.size()) {
            if (place == 0) return far_.emplace(key, made(edge)).first->second;
            far_.emplace(near_[0].first, std::move(near_[0].second));
            std::move(near_.begin() + 1, near_.begin() + place, near_.begin());
            --place;
        } else {
            std::move_backward(near_.begin() + place, near_.begin() + near_count_, near_.begin() + near_count_ + 1);
            ++near_count_;
        }
        near_[place] = {key, made(edge)};
        return near_[place].second;
    }

    /// Takes out the one with the largest serial number.
    Pending take() {
        if (near_count_ > 0 && (far_.empty() || !(near_[near_count_ - 1].first > far_.begin()->first)))
            return std::move(near_[--near_count_].second);
        return std::move(far_.extract(far_.begin()).mapped());
    }

private:
    static Pending made(const Edge& edge) {
        Pending entry{edge.node, {}, {}};
        if (const std::uint32_t n = edge.node->outputs(); n > 1) entry.several.resize(n);
        return entry;
    }

    std::array<std::pair<PendingKey, Pending>, 16> near_;
    std::size_t near_count_ = 0;
    std::map<PendingKey, Pending> far_;
};

}  // namespace weft
