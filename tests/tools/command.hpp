// The built weft command, run as a user would.
#pragma once

#include <string>
#include <vector>

namespace weft::testing {

struct Outcome {
    int status = -1;  ///< or minus the signal that ended it
    std::string out, err;
};

/// Runs the command with these arguments and waits for its end.
Outcome run_weft(const std::vector<std::string>& arguments);

}  // namespace weft::testing
