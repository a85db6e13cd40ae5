// A process of a test's own: what must be killed, or run under limits, happens there.
#pragma once

#include <csignal>
#include <functional>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::testing {

class Child {
public:
    /// Runs `body` in a copy of this process and ends it with what that returns, or 99 if it throws. The copy has the
    /// calling thread alone, so `body` must not need others.
    explicit Child(const std::function<int()>& body) : id_(::fork()) {
        if (id_ < 0) throw std::runtime_error("cannot make a process");
        if (id_ > 0) return;
        int status = 99;
        try {
            status = body();
        } catch (...) {
        }
        ::_exit(status);
    }
    /// The exit status, or minus the signal that ended it.
    int wait() const {
        int status = 0;
        ::waitpid(id_, &status, 0);
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    }
    /// Ends it at once; the signal it died of.
    int kill() const {
        ::kill(id_, SIGKILL);
        return -wait();
    }

private:
    pid_t id_;
};

}  // namespace weft::testing
