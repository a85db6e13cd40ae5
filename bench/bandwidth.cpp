// How much of memcpy's rate elementwise ops and reductions reach on arrays of 64 MB that no cache holds: bytes read
// plus bytes written per second, counted the same way for both, on the same number of threads.
//   bandwidth [--ratios]      only "ratio NAME VALUE" lines
#include "interleaved.hpp"

#include <weft/autograd/autograd.hpp>
#include <weft/autograd/kernels/threads.hpp>

#include <fmt/core.h>

#include <cstring>
#include <string>

using namespace weft;

int main(int argc, char** argv) {
    const bool ratios_only = argc > 1 && std::string(argv[1]) == "--ratios";
    constexpr std::int64_t rows = 4096, columns = 4096;  // 64 MB of float32
    constexpr double megabytes = rows * columns * sizeof(float) / 1e6;
    const NoGrad off_tape;
    const Tensor a = random::uniform({rows, columns}), b = random::uniform({rows, columns}),
                 row = random::uniform({columns});
    Array copy({rows, columns}, float32);

    struct Case {
        const char* name;
        double arrays;  ///< of 64 MB, read or written
        std::function<void()> run;
    };
    Tensor y;
    const std::vector<Case> cases{
        {"memcpy", 2,
         [&] {
             kernels::parallel_for(a.elements(), kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
                 std::memcpy(copy.data<float>() + begin, a.data().data<float>() + begin,
                             static_cast<std::size_t>(end - begin) * sizeof(float));
             });
         }},
        {"a + b", 3, [&] { y = a + b; }},
        {"a * b", 3, [&] { y = a * b; }},
        {"a * 2", 2, [&] { y = a * 2.0; }},
        {"a + row", 2, [&] { y = a + row; }},
        {"relu(a)", 2, [&] { y = relu(a); }},
        {"exp(a)", 2, [&] { y = exp(a); }},
        {"tanh(a)", 2, [&] { y = tanh(a); }},
        {"sqrt(a)", 2, [&] { y = sqrt(a); }},
        {"maximum(a, b)", 3, [&] { y = maximum(a, b); }},
        {"sum(a)", 1, [&] { y = sum(a); }},
        {"sum(a, 0)", 1, [&] { y = sum(a, {0}); }},
        {"sum(a, 1)", 1, [&] { y = sum(a, {1}); }},
        {"max(a)", 1, [&] { y = max(a); }},
        {"max(a, 1)", 1, [&] { y = max(a, {1}); }},
        {"mean(a, 0)", 1, [&] { y = mean(a, {0}); }},
    };
    std::vector<std::function<void()>> functions;
    for (const Case& each : cases) functions.push_back(each.run);
    const std::vector<double> seconds = bench::interleaved(functions, 15);
    const double memcpy_rate = cases[0].arrays * megabytes / seconds[0];
    if (!ratios_only) fmt::print("{} threads; GB/s, and the part of memcpy's\n", num_threads());
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const double rate = cases[i].arrays * megabytes / seconds[i];
        if (!ratios_only) fmt::print("{:<14} {:6.1f}  {:.2f}\n", cases[i].name, rate / 1e3, rate / memcpy_rate);
        else if (i > 0) fmt::print("ratio {} {:.3f}\n", cases[i].name, rate / memcpy_rate);
    }
}
