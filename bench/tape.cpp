// What the tape costs: nanoseconds for each op of a chain of 1000, forward and backward, on scalars and one thread, so
// that the arithmetic itself is next to nothing.
#include "interleaved.hpp"

#include <weft/autograd/mode.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/arithmetic.hpp>
#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/threads.hpp>

#include <fmt/core.h>

using namespace weft;

namespace {

constexpr int length = 1000;

template <class Step>
Tensor chain(Tensor y, Step step) {
    for (int i = 0; i < length; ++i) y = step(y);
    return y;
}

template <class Step>
void forward_and_backward(Tensor& x, Step step) {
    chain(x, step).backward();
    x.zero_grad();
}

}  // namespace

int main() {
    set_num_threads(1);
    Tensor x = full({}, 1.001), other = full({}, 0.999), weight = full({}, 0.999);
    x.set_requires_grad();
    weight.set_requires_grad();

    struct Row {
        const char* name;
        std::function<void()> run;
    };
    const std::vector<Row> rows{
        {"y * constant tensor, forward and backward",
         [&] { forward_and_backward(x, [&](const Tensor& y) { return y * other; }); }},
        {"y * parameter, forward and backward",
         [&] {
             forward_and_backward(x, [&](const Tensor& y) { return y * weight; });
             weight.zero_grad();
         }},
        {"y * 0.999, forward and backward",
         [&] { forward_and_backward(x, [](const Tensor& y) { return y * 0.999; }); }},
        {"y + constant tensor, forward and backward",
         [&] { forward_and_backward(x, [&](const Tensor& y) { return y + other; }); }},
        {"tanh(y), forward and backward", [&] { forward_and_backward(x, [](const Tensor& y) { return tanh(y); }); }},
        {"y * constant tensor, forward, recorded", [&] { chain(x, [&](const Tensor& y) { return y * other; }); }},
        {"y * constant tensor, forward, not recorded",
         [&] { no_grad([&] { return chain(x, [&](const Tensor& y) { return y * other; }); }); }},
    };
    std::vector<std::function<void()>> functions;
    for (const Row& row : rows) functions.push_back(row.run);
    const std::vector<double> seconds = weft::bench::interleaved(functions);
    for (std::size_t i = 0; i < rows.size(); ++i)
        fmt::print("{:<46} {:7.1f} ns per op\n", rows[i].name, seconds[i] / length * 1e9);
}
