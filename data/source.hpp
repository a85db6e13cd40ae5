// Source: whatever gives batches, epoch by epoch. Loader is one; a user's own generator can be another.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <cstdint>

namespace weft::data {

class Epoch;

/// Batches are lists of tensors with one first axis, such as {x, y} or {x, y, weights}.
class Source {
public:
    virtual ~Source() = default;

    /// Starts an epoch, also in the middle of another.
    virtual void begin_epoch(std::int64_t epoch) = 0;
    /// Puts the epoch's next batch into `batch`; false, and `batch` as it was, when there is none.
    virtual bool next(Tensors& batch) = 0;

    /// Samples and batches in an epoch; None if that is not known beforehand.
    virtual std::int64_t samples() const { return None; }
    virtual std::int64_t batches() const { return None; }

    /// The batches of an epoch: for (const Tensors& batch : source.epoch(0)) ...
    Epoch epoch(std::int64_t epoch);
};

/// The batches of one epoch of a source, once.
class Epoch {
public:
    struct End {};

    class Iterator {
    public:
        const Tensors& operator*() const { return epoch_->batch_; }
        const Tensors* operator->() const { return &epoch_->batch_; }
        Iterator& operator++() {
            epoch_->more_ = epoch_->source_->next(epoch_->batch_);
            return *this;
        }
        bool operator==(End) const { return !epoch_->more_; }

    private:
        friend Epoch;
        explicit Iterator(Epoch* epoch) : epoch_(epoch) {}
        Epoch* epoch_;
    };

    Epoch(Source& source, std::int64_t epoch) : source_(&source), number_(epoch) {}

    Iterator begin() {
        source_->begin_epoch(number_);
        return ++Iterator(this);
    }
    End end() const { return {}; }

private:
    Source* source_;
    std::int64_t number_;
    Tensors batch_;
    bool more_ = true;
};

inline Epoch Source::epoch(std::int64_t epoch) { return Epoch(*this, epoch); }

}  // namespace weft::data
