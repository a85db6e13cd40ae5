#include <weft/autograd/anomaly.hpp>
#include <weft/autograd/node_extras.hpp>
#include <weft/autograd/thread_state.hpp>

#include <fmt/core.h>

#include <cmath>

namespace weft {
namespace {

// The row-major position of the first element that is not finite, or -1.
std::int64_t first_bad(const Tensor& x) {
    return dispatch_floating(x.dtype(), [&]<class T>(T) -> std::int64_t {
        const std::span<const T> values = x.values<T>();
        for (std::size_t i = 0; i < values.size(); ++i)
            if (!std::isfinite(values[i])) return static_cast<std::int64_t>(i);
        return -1;
    });
}

std::string bad_element(const Tensor& x, std::int64_t position) {
    const double value = x.item<double>(position);
    return fmt::format("{} at {}",
                       std::isnan(value) ? "NaN"
                       : value > 0       ? "infinity"
                                         : "-infinity",
                       str(index_of(x.shape(), position)));
}

void describe_trace(std::string& text, const std::shared_ptr<const Trace>& trace) {
    if (!trace) {
        text += "\nIt was recorded before anomaly mode was on, so where is not known.";
        return;
    }
    if (!trace->modules.empty()) text += fmt::format("\nIt was called in {}.", trace->modules);
    if (!trace->derivative_of.empty())
        text += fmt::format("\nIt was called by the derivative of {}.", trace->derivative_of);
    text += "\nIts call stack:\n" + str(trace->stack);
    if (trace->derivative_trace) {
        text += fmt::format("The op whose derivative called it, {}:", trace->derivative_of);
        describe_trace(text, trace->derivative_trace);
    }
}

}  // namespace

void DetectAnomaly::op(const std::string&, Node* node, std::uint32_t index, std::size_t) {
    if (!node || index > 0 || node->make_extras().trace) return;
    auto trace = std::make_shared<Trace>(Trace{call_path(), call_stack()});
    if (const Node* running = this_thread.running) {
        trace->derivative_of = running->name();
        if (const Node::Extras* extras = running->extras()) trace->derivative_trace = extras->trace;
    }
    node->make_extras().trace = std::move(trace);
}

void DetectAnomaly::after_derivative(const Node& node, std::span<const Tensor> dy, std::span<const Tensor> dx) {
    for (std::size_t i = 0; i < dx.size(); ++i) {
        const std::int64_t position = dx[i].defined() ? first_bad(dx[i]) : -1;
        if (position < 0) continue;
        std::string text =
            fmt::format("detect_anomaly: the derivative of {} gave {} in the gradient of its input {}, {}.",
                        node.name(), bad_element(dx[i], position), i, describe(dx[i]));
        for (std::size_t k = 0; k < dy.size(); ++k)
            if (const std::int64_t at = dy[k].defined() ? first_bad(dy[k]) : -1; at >= 0)
                text += fmt::format(
                    "\nThe gradient that came to its result {} was not finite already: {}. Look at the seed, at hooks, "
                    "or for an overflow in a sum of gradients.",
                    k, bad_element(dy[k], at));
        describe_trace(text, node.extras() ? node.extras()->trace : nullptr);
        throw NotFiniteError(text);
    }
}

}  // namespace weft
