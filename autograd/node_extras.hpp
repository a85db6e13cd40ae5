// What few nodes of the tape have. For autograd's sources only.
#pragma once

#include <weft/autograd/call_stack.hpp>
#include <weft/autograd/hooks.hpp>
#include <weft/autograd/tensor.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace weft {

/// Where an op was called; taken in anomaly mode.
struct Trace {
    std::string modules;
    CallStack stack;
    std::string derivative_of = {};                 ///< the op whose derivative called it, if one did
    std::shared_ptr<const Trace> derivative_trace = {};
};

struct Node::Extras {
    std::vector<OutputInfo> more_outputs;
    std::map<std::uint32_t, HookList<Tensor(const Tensor&)>> tensor_hooks;  ///< by result
    HookList<Gradients(const Gradients&, const Gradients&)> node_hooks;
    std::shared_ptr<const Trace> trace;
};

}  // namespace weft
