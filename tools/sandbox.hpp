// A process of its own for work on files from strangers: a library that reads them cannot survive its own crash, nor
// every absurd size; this program can.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weft::tools {

/// What reading a file may take. The figures of an honest file are far below.
struct Limits {
    std::uint64_t memory = 0;   ///< bytes of data, stacks and buffers
    std::uint64_t seconds = 0;  ///< of processor time, all threads together
};

/// A floor, and more for larger files: 1 GiB and 8 times their size; two minutes and one second for each 4 MB. For a
/// file that lists others (.weights.json), theirs count too.
Limits limits_for(const std::vector<std::string>& files);

/// What the work in the child tells the parent, which speaks of it if the child dies.
class Sandbox {
public:
    /// The file that is being read from here on, under the limits. Throws FileError for what is no file or folder.
    void reading(const std::string& file);
    /// Everything has been read: from here on time has no limit, and memory that of the machine.
    void computing();

private:
    friend int in_sandbox(const Limits& limits, const std::function<int(Sandbox&)>& work);
    explicit Sandbox(const Limits& limits);
    struct Board;  // shared with the parent
    Board* board_;
    Limits limits_;
};

/// Runs the work in a child process under limits and returns what it returned; 2, after a line to stderr, if it threw,
/// crashed, or went beyond a limit. No threads may run yet.
int in_sandbox(const Limits& limits, const std::function<int(Sandbox&)>& work);

}  // namespace weft::tools
