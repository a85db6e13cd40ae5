// What fit and evaluate print: a live bar on a terminal, plain lines in a log.
#pragma once

#include <weft/nn/history.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace weft::nn {

class Progress {
public:
    /// verbose 0 prints nothing, 1 a bar (plain lines if the output is no terminal), 2 a line when done.
    /// steps is 0 where nobody knows how many there will be.
    Progress(int verbose, std::int64_t steps);

    void heading(const std::string& text) const;
    /// `logs` is asked only when the bar is drawn, ten times a second.
    void step(std::int64_t done, const std::function<Logs()>& logs);
    void finish(std::int64_t done, const Logs& logs);

private:
    std::string line(std::int64_t done, const Logs& logs, bool finished) const;

    using Clock = std::chrono::steady_clock;
    int verbose_;
    bool live_;
    std::int64_t steps_;
    Clock::time_point start_, last_;
};

}  // namespace weft::nn
