// Matrix multiply beside oneDNN's, interleaved in one process: on a machine whose clock wanders and whose neighbours
// are noisy, only the ratio of neighbouring runs means something. Printed: oneDNN's time / ours (above 1 we are
// faster) for one and two threads, against sgemm and against the matmul primitive; the median of the rounds' ratios
// and the ratio of the best rounds.
//
// usage: gemm [--rounds n] [--threads n] [--op NN|NT|TN|TT] [--shape m n k]... [--ratios]
//        --ratios: only "ratio NAME VALUE" lines, the smaller of the two medians
//        WEFT_ISA=avx2 DNNL_MAX_CPU_ISA=AVX2 gemm      both held to AVX2
#include "interleaved.hpp"

#include <weft/autograd/kernels/gemm.hpp>
#include <weft/autograd/kernels/threads.hpp>

#include <dnnl.hpp>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

using namespace weft::kernels;
namespace bench = weft::bench;
using bench::Floats;

namespace {

struct Shape {
    std::int64_t m, n, k;
    const char* ops;  // which transposes to time; those a network's forward and backward passes use for odd shapes
};

const Shape shapes[] = {
    {32, 64, 256, "NN NT TN TT"},    {32, 128, 5408, "NN NT"},          {32, 5408, 128, "NN NT"},
    {5408, 128, 32, "TN"},           {1600, 64, 256, "NN NT TN TT"},    {256, 64, 1600, "TN"},
    {64, 64, 64, "NN NT TN TT"},     {128, 128, 128, "NN NT TN TT"},    {256, 256, 256, "NN NT TN TT"},
    {512, 512, 512, "NN NT TN TT"},  {1024, 1024, 1024, "NN NT TN TT"}, {2048, 2048, 2048, "NN NT TN TT"},
    {21632, 32, 9, "NN"},            {12544, 64, 576, "NN"},            {576, 64, 12544, "TN"},
    {32, 256, 74, "NN NT TN"},       {32, 10, 64, "NN NT TN"},          {1600, 10, 64, "NN NT TN"},
    {32, 32, 32, "NN NT TN TT"},     {96, 96, 96, "NN NT TN TT"},       {128, 10, 128, "NN NT"},
    {128, 128, 10, "NN TN"},         {1, 256, 512, "NN NT"},            {64, 1, 512, "NN"},
};

double median(std::vector<double> x) {
    std::nth_element(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2), x.end());
    return x[x.size() / 2];
}

struct Timing {
    double ours;  // seconds, the median
    double sgemm, matmul;            // oneDNN's time / ours, medians over the rounds
    double best_sgemm, best_matmul;  // the same of each one's best round
};

double least(const std::vector<double>& x) { return *std::min_element(x.begin(), x.end()); }

Timing time_shape(const Shape& s, bool transpose_a, bool transpose_b, int rounds) {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    Floats a(static_cast<std::size_t>(s.m * s.k)), b(static_cast<std::size_t>(s.k * s.n));
    // All three write to the same c: where it lies tells in the time.
    Floats c(static_cast<std::size_t>(s.m * s.n));
    for (float& x : a) x = uniform(random);
    for (float& x : b) x = uniform(random);

    GemmArguments<float> g;
    g.transpose_a = transpose_a, g.transpose_b = transpose_b;
    g.m = s.m, g.n = s.n, g.k = s.k;
    g.a = a.data(), g.lda = transpose_a ? s.m : s.k;
    g.b = b.data(), g.ldb = transpose_b ? s.k : s.n;
    g.c = c.data(), g.ldc = s.n;
    const auto ours = [&] { active<Gemm>().f32(g); };
    const auto sgemm = [&] {
        dnnl::sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', s.m, s.n, s.k, 1.0f, a.data(), g.lda, b.data(),
                    g.ldb, 0.0f, c.data(), s.n);
    };

    const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    dnnl::stream stream(engine);
    const auto describe = [](std::int64_t rows, std::int64_t columns, bool transposed) {
        return dnnl::memory::desc({rows, columns}, dnnl::memory::data_type::f32,
                                  transposed ? dnnl::memory::format_tag::ba : dnnl::memory::format_tag::ab);
    };
    const auto a_desc = describe(s.m, s.k, transpose_a), b_desc = describe(s.k, s.n, transpose_b),
               c_desc = describe(s.m, s.n, false);
    const dnnl::matmul primitive(dnnl::matmul::primitive_desc({a_desc, b_desc, c_desc}, engine));
    std::unordered_map<int, dnnl::memory> arguments{{DNNL_ARG_SRC, dnnl::memory(a_desc, engine, a.data())},
                                                    {DNNL_ARG_WEIGHTS, dnnl::memory(b_desc, engine, b.data())},
                                                    {DNNL_ARG_DST, dnnl::memory(c_desc, engine, c.data())}};
    const auto matmul = [&] { primitive.execute(stream, arguments); };

    for (int i = 0; i < 2; ++i) sgemm(), matmul(), ours();
    const Floats found = c;
    sgemm();
    double difference = 0;
    for (std::size_t i = 0; i < c.size(); ++i)
        difference = std::max(difference, double(std::abs(found[i] - c[i])) / std::max(1.0f, std::abs(c[i])));
    if (!(difference < 1e-3)) std::printf("  differs from oneDNN by %g!\n", difference);

    // Short samples: a busy neighbour spoils those it meets, and the best ones are free of it.
    double once = bench::seconds_of(ours, 1);
    for (int i = 0; i < 3; ++i) once = std::min(once, bench::seconds_of(ours, 1));
    const int repeats = std::max(1, static_cast<int>(100e-6 / std::max(once, 1e-7)));
    std::vector<double> t_ours, t_sgemm, t_matmul, r_sgemm, r_matmul;
    for (int r = 0; r < rounds; ++r) {
        t_ours.push_back(bench::seconds_of(ours, repeats));
        t_sgemm.push_back(bench::seconds_of(sgemm, repeats));
        t_matmul.push_back(bench::seconds_of(matmul, repeats));
        r_sgemm.push_back(t_sgemm.back() / t_ours.back());
        r_matmul.push_back(t_matmul.back() / t_ours.back());
    }
    return {median(t_ours), median(r_sgemm), median(r_matmul), least(t_sgemm) / least(t_ours),
            least(t_matmul) / least(t_ours)};
}

}  // namespace

int main(int argc, char** argv) {
    int rounds = 51, threads = 0;
    bool ratios_only = false;
    std::string only_op;
    std::vector<Shape> table(std::begin(shapes), std::end(shapes));
    for (int i = 1; i < argc; ++i) {
        if (!std::strcmp(argv[i], "--rounds") && i + 1 < argc) rounds = std::atoi(argv[++i]);
        else if (!std::strcmp(argv[i], "--threads") && i + 1 < argc) threads = std::atoi(argv[++i]);
        else if (!std::strcmp(argv[i], "--ratios")) ratios_only = true;
        else if (!std::strcmp(argv[i], "--op") && i + 1 < argc) only_op = argv[++i];
        else if (!std::strcmp(argv[i], "--shape") && i + 3 < argc) {
            if (table.size() == std::size(shapes)) table.clear();
            table.push_back({std::atoll(argv[i + 1]), std::atoll(argv[i + 2]), std::atoll(argv[i + 3]), "NN NT TN TT"});
            i += 3;
        } else {
            std::fprintf(stderr, "usage: gemm [--rounds n] [--threads n] [--op NN] [--shape m n k]... [--ratios]\n");
            return 1;
        }
    }
    if (!ratios_only) std::printf("instruction set: %.*s; oneDNN's time / ours, the median of %d rounds\n",
                static_cast<int>(name(active_isa()).size()), name(active_isa()).data(), rounds);
    if (!ratios_only)
        std::printf("%-20s %-3s %-2s %10s %8s %8s %8s %8s %8s\n", "m x n x k", "op", "T", "us", "GF/s", "sgemm",
                    "matmul", "best", "best");
    for (const Shape& s : table)
        for (const char* op = s.ops; *op; op += op[2] ? 3 : 2) {
            if (!only_op.empty() && only_op.compare(0, 2, op, 2) != 0) continue;
            for (int t = threads ? threads : 1; t <= (threads ? threads : 2); ++t) {
                set_num_threads(t);
                omp_set_num_threads(t);
                const Timing r = time_shape(s, op[0] == 'T', op[1] == 'T', rounds);
                const std::string shape =
                    std::to_string(s.m) + " x " + std::to_string(s.n) + " x " + std::to_string(s.k);
                if (ratios_only)
                    std::printf("ratio %s %.2s %dT %.3f\n", shape.c_str(), op, t, std::min(r.sgemm, r.matmul));
                else std::printf("%-20s %.2s  %d  %10.1f %8.1f %8.2f %8.2f %8.2f %8.2f\n", shape.c_str(), op, t,
                            r.ours * 1e6, 2e-9 * double(s.m) * double(s.n) * double(s.k) / r.ours, r.sgemm, r.matmul,
                            r.best_sgemm, r.best_matmul);
                std::fflush(stdout);
            }
        }
}
