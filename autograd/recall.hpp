// What a function reads and does besides computing, so that checkpoint() can run it again as it ran at first.
#pragma once

#include <any>
#include <cstdint>
#include <utility>
#include <vector>

namespace weft {

/// Whether this thread computes again, for a derivative, what it has computed before. What should happen once, such as
/// a step of a moving average, is then left out.
bool recomputing();

namespace detail {

/// What a function read in its first run, in order, and the random numbers that only that run drew.
struct RunLog {
    struct Draws {
        std::uint64_t seed, from, count;
    };
    std::vector<std::any> values = {};
    std::vector<Draws> once = {};
};

/// While it lives, this thread runs a function: for the first time, which writes the log, or again, which reads it.
class RunScope {
public:
    explicit RunScope(RunLog& first) : RunScope(&first, first) {}
    explicit RunScope(const RunLog& again) : RunScope(nullptr, again) {}
    ~RunScope();
    RunScope(const RunScope&) = delete;
    RunScope& operator=(const RunScope&) = delete;

    /// The scope that this thread is in, or null.
    static RunScope* current();
    bool again() const { return !writes_; }
    RunScope* outer() const { return outer_; }
    /// What the first run read here; in the first run, `now`. Throws GraphError if the kinds disagree.
    std::any recall(std::any now);
    /// Where the first run drew numbers that are not drawn again, goes on behind them.
    void pass_over();

private:
    friend class OnceScope;
    RunScope(RunLog* writes, const RunLog& log);
    void note(RunLog::Draws draws);

    RunLog* writes_;  // null when it runs again
    const RunLog& log_;
    std::size_t values_ = 0, once_ = 0;  // how much of the log has been read
    RunScope* outer_;
};

/// While it lives, what is read and drawn belongs to the first run alone: weights are made.
class OnceScope {
public:
    OnceScope();
    ~OnceScope();
    OnceScope(const OnceScope&) = delete;
    OnceScope& operator=(const OnceScope&) = delete;

private:
    RunScope* run_;
    std::uint64_t from_ = 0;  // the generator's counter
};

}  // namespace detail

/// `now`, or when recomputing what it was at this place of the first run: for what a layer reads and others may change
/// before the derivative, such as whether it trains. Throws GraphError if the first run read something else here.
template <class T>
T recalled(T now) {
    detail::RunScope* const run = detail::RunScope::current();
    return run ? std::any_cast<T>(run->recall(std::move(now))) : now;
}

}  // namespace weft
