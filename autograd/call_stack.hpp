// The stack of calls that a thread is in: taken cheaply, given names only when printed.
#pragma once

#include <string>
#include <vector>

namespace weft {

/// Return addresses, innermost first.
using CallStack = std::vector<void*>;

/// The calling thread's stack.
CallStack call_stack();

/// One line a call: its number, function, and where its code lies ("program+0x1234", for addr2line), from the first one
/// that is not weft's recording itself. Names come from the files' symbol tables; a stripped program's own functions
/// have none.
std::string str(const CallStack& stack);

}  // namespace weft
