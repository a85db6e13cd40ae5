// Pooling against oneDNN in plain NHWC: forward, and backward through the window's maximum or mean. Ratios above 1 mean
// that we are faster.   pool2d [threads]
#include "interleaved.hpp"

#include <weft/autograd/kernels/pool2d.hpp>
#include <weft/autograd/kernels/threads.hpp>

#include <dnnl.hpp>
#include <omp.h>

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace weft;
using bench::Floats;
using kernels::PoolGeometry;

namespace {

struct Case {
    const char* name;
    PoolGeometry geometry;
};

const Case cases[] = {
    {"2x2 on [32, 26, 26, 32]", {32, 26, 26, 32, 2, 2, 13, 13, 2, 2}},
    {"2x2 on [256, 26, 26, 32]", {256, 26, 26, 32, 2, 2, 13, 13, 2, 2}},
    {"2x2 on [32, 28, 28, 32]", {32, 28, 28, 32, 2, 2, 14, 14, 2, 2}},
    {"3x3 s2 on [16, 56, 56, 64]", {16, 56, 56, 64, 3, 3, 28, 28, 2, 2, 0, 0}},
    {"2x2 on [32, 12, 12, 6]", {32, 12, 12, 6, 2, 2, 6, 6, 2, 2}},
};

// oneDNN's pooling, forward and backward.
class Yardstick {
public:
    Yardstick(const PoolGeometry& g, bool maximum, Floats& x, Floats& y, Floats& dy, Floats& dx) {
        using dnnl::memory;
        const auto tag = memory::format_tag::nhwc;
        const memory::desc input({g.batch, g.channels, g.height, g.width}, memory::data_type::f32, tag);
        const memory::desc output({g.batch, g.channels, g.out_height, g.out_width}, memory::data_type::f32, tag);
        const memory::dims strides{g.stride_height, g.stride_width}, pool{g.pool_height, g.pool_width};
        const memory::dims before{g.pad_top, g.pad_left};
        const memory::dims after{(g.out_height - 1) * g.stride_height + g.pool_height - g.height - g.pad_top,
                                 (g.out_width - 1) * g.stride_width + g.pool_width - g.width - g.pad_left};
        const auto algorithm =
            maximum ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding;
        const dnnl::pooling_forward::primitive_desc forward(
            {dnnl::prop_kind::forward_training, algorithm, input, output, strides, pool, before, after}, engine_);
        const dnnl::pooling_backward::primitive_desc backward({algorithm, input, output, strides, pool, before, after},
                                                              engine_, forward);
        forward_ = dnnl::pooling_forward(forward);
        backward_ = dnnl::pooling_backward(backward);
        const memory workspace(forward.workspace_desc(), engine_);
        forward_arguments_ = {{DNNL_ARG_SRC, memory(input, engine_, x.data())},
                              {DNNL_ARG_DST, memory(output, engine_, y.data())},
                              {DNNL_ARG_WORKSPACE, workspace}};
        backward_arguments_ = {{DNNL_ARG_DIFF_DST, memory(output, engine_, dy.data())},
                               {DNNL_ARG_DIFF_SRC, memory(input, engine_, dx.data())},
                               {DNNL_ARG_WORKSPACE, workspace}};
    }
    void forward() {
        forward_.execute(stream_, forward_arguments_);
        stream_.wait();
    }
    void backward() {
        backward_.execute(stream_, backward_arguments_);
        stream_.wait();
    }

private:
    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
    dnnl::primitive forward_, backward_;
    std::unordered_map<int, dnnl::memory> forward_arguments_, backward_arguments_;
};

}  // namespace

int main(int argc, char** argv) {
    const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
    omp_set_num_threads(threads);
    kernels::set_num_threads(threads);
    const auto& pool = kernels::active<kernels::Pool2d>().f32;
    std::printf("%s, %d threads; microseconds of ours, ratio to oneDNN\n",
                std::string(kernels::name(kernels::active_isa())).c_str(), threads);
    for (const Case& test : cases) {
        const PoolGeometry& g = test.geometry;
        Floats x = bench::random_values(g.batch * g.height * g.width * g.channels), dx(x.size());
        Floats dy = bench::random_values(g.batch * g.out_height * g.out_width * g.channels), y(dy.size()),
            places(dy.size());
        for (bool maximum : {true, false}) {
            Yardstick yardstick(g, maximum, x, y, dy, dx);
            const auto forward = bench::interleaved(
                {[&] {
                     if (maximum) pool.maximum(g, x.data(), y.data(), places.data());
                     else pool.average(g, x.data(), y.data());
                 },
                 [&] { yardstick.forward(); }});
            pool.maximum(g, x.data(), y.data(), places.data());
            const auto backward = bench::interleaved({[&] {
                                                          if (maximum)
                                                              pool.maximum_gradient(g, places.data(), dy.data(),
                                                                                    dx.data());
                                                          else
                                                              pool.average_gradient(g, dy.data(), dx.data());
                                                      },
                                                      [&] { yardstick.backward(); }});
            std::printf("  %-28s %s forward %8.1f us %5.2f   backward %8.1f us %5.2f\n", test.name,
                        maximum ? "maximum" : "average", forward[0] * 1e6, forward[1] / forward[0], backward[0] * 1e6,
                        backward[1] / backward[0]);
        }
    }
}
