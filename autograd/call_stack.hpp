// The stack of calls that a thread is in: taken cheaply, given names only when printed.
#pragma once

#include <string>
#include <vector>

namespace weft {

/// Return addresses, innermost first.
using CallStack = std::vector<void*>;

/// The calling thread's stack, without the innermost `skip` calls.
CallStack call_stack(int skip = 0);

/// One line a call: its number, function, and where its code lies ("program+0x1234", for addr2line). Names come from
/// the files' symbol tables; a stripped program's own functions have none.
std::string str(const CallStack& stack);

}  // namespace weft
