// Convolution against oneDNN: the same layers, forward and both gradients, in one process, taking turns.
// oneDNN is timed in the layout that it prefers (reorders excluded) and in plain NHWC/HWIO; the better one counts.
// Ours includes everything: borders, packing the weights. The ratio is oneDNN's time over ours: above 1 we are faster.
//   conv2d [threads] [substring of a layer's name]
//   conv2d --ratios      only "ratio NAME VALUE" lines, on OMP_NUM_THREADS threads
#include "interleaved.hpp"

#include <weft/autograd/kernels/conv2d.hpp>
#include <weft/autograd/kernels/threads.hpp>

#include <dnnl.hpp>
#include <omp.h>

#include <cmath>
#include <cstdio>
#include <string>
#include <unordered_map>

using namespace weft;
using bench::Floats;
using bench::random_values;
using kernels::ConvGeometry;
using Tag = dnnl::memory::format_tag;

namespace {

struct Layer {
    const char* name;
    std::int64_t batch, height, width, in_channels, out_channels, kernel, stride;
    bool same;
    std::int64_t groups = 1;
};

constexpr Layer layers[] = {
    {"28x28x1->32 k3 valid, batch 32", 32, 28, 28, 1, 32, 3, 1, false},
    {"28x28x1->32 k3 valid, batch 256", 256, 28, 28, 1, 32, 3, 1, false},
    {"14x14x16->32 k3, batch 32", 32, 14, 14, 16, 32, 3, 1, true},
    {"32x32x16->16 k3, batch 32", 32, 32, 32, 16, 16, 3, 1, true},
    {"16x16x16->32 k3, batch 32", 32, 16, 16, 16, 32, 3, 1, true},
    {"8x8x64->64 k3, batch 32", 32, 8, 8, 64, 64, 3, 1, true},
    {"56x56x64->64 k3, batch 8", 8, 56, 56, 64, 64, 3, 1, true},
    {"28x28x128->128 k3 s2, batch 16", 16, 28, 28, 128, 128, 3, 2, true},
    {"14x14x256->256 k1, batch 16", 16, 14, 14, 256, 256, 1, 1, true},
    {"32x32x3->16 k3, batch 64", 64, 32, 32, 3, 16, 3, 1, true},
    {"32x32x16->32 k3 s2, batch 64", 64, 32, 32, 16, 32, 3, 2, true},
    {"32x32x16->32 k1 s2, batch 64", 64, 32, 32, 16, 32, 1, 2, true},
    {"16x16x32->32 k3, batch 64", 64, 16, 16, 32, 32, 3, 1, true},
    {"28x28x256->256 k3, batch 4", 4, 28, 28, 256, 256, 3, 1, true},
    {"14x14x512->512 k3, batch 4", 4, 14, 14, 512, 512, 3, 1, true},
    {"28x28x1->32 k3 same, batch 32", 32, 28, 28, 1, 32, 3, 1, true},
    {"28x28x1->32 k5 valid, batch 32", 32, 28, 28, 1, 32, 5, 1, false},
    {"13x13x32->64 k3 valid, batch 32", 32, 13, 13, 32, 64, 3, 1, false},
    {"32x32x3->32 k3, batch 32", 32, 32, 32, 3, 32, 3, 1, true},
    {"32x32x64 depthwise k3, batch 16", 16, 32, 32, 64, 64, 3, 1, true, 64},
};

ConvGeometry geometry(const Layer& l) {
    ConvGeometry g{l.batch, l.height, l.width, l.in_channels, l.kernel, l.kernel, l.out_channels, 0, 0};
    g.stride_height = g.stride_width = l.stride;
    g.groups = l.groups;
    g.out_height = l.same ? (l.height + l.stride - 1) / l.stride : (l.height - l.kernel) / l.stride + 1;
    g.out_width = l.same ? (l.width + l.stride - 1) / l.stride : (l.width - l.kernel) / l.stride + 1;
    const auto total = std::max<std::int64_t>((g.out_height - 1) * l.stride + l.kernel - l.height, 0);
    g.pad_top = g.pad_left = total / 2;
    return g;
}

struct Data {
    Floats x, w, b, y, dy, dx, dw;
};

// One layer in oneDNN, in one layout.
class Yardstick {
public:
    Yardstick(const ConvGeometry& g, bool plain, Data& data) {
        using dnnl::memory;
        const memory::dims x{g.batch, g.in_channels, g.height, g.width};
        memory::dims w{g.out_channels / g.groups, g.in_channels / g.groups, g.kernel_height, g.kernel_width};
        if (g.groups > 1) w.insert(w.begin(), g.groups);
        const memory::dims y{g.batch, g.out_channels, g.out_height, g.out_width};
        const memory::dims strides{g.stride_height, g.stride_width}, before{g.pad_top, g.pad_left};
        const memory::dims after{(g.out_height - 1) * g.stride_height + g.kernel_height - g.height - g.pad_top,
                                 (g.out_width - 1) * g.stride_width + g.kernel_width - g.width - g.pad_left};
        const auto f32 = memory::data_type::f32;
        const memory::desc x_plain(x, f32, Tag::nhwc), w_plain(w, f32, g.groups > 1 ? Tag::hwigo : Tag::hwio);
        const memory::desc y_plain(y, f32, Tag::nhwc);
        const memory::desc x_any(x, f32, plain ? Tag::nhwc : Tag::any);
        const memory::desc w_any = plain ? w_plain : memory::desc(w, f32, Tag::any);
        const memory::desc y_any(y, f32, plain ? Tag::nhwc : Tag::any), b({g.out_channels}, f32, Tag::x);
        const auto direct = dnnl::algorithm::convolution_direct;

        dnnl::post_ops relu;
        relu.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
        dnnl::primitive_attr attributes;
        attributes.set_post_ops(relu);
        const dnnl::convolution_forward::primitive_desc forward(
            {dnnl::prop_kind::forward_training, direct, x_any, w_any, b, y_any, strides, before, after}, attributes,
            engine_);
        const dnnl::convolution_forward::primitive_desc hint(
            {dnnl::prop_kind::forward_training, direct, x_any, w_any, y_any, strides, before, after}, engine_);
        const dnnl::convolution_backward_data::primitive_desc backward_data(
            {direct, x_any, w_any, y_any, strides, before, after}, engine_, hint);
        const dnnl::convolution_backward_weights::primitive_desc backward_weights(
            {direct, x_any, w_any, y_any, strides, before, after}, engine_, hint);

        add(dnnl::convolution_forward(forward),
            {{DNNL_ARG_SRC, from(data.x, x_plain, forward.src_desc())},
             {DNNL_ARG_WEIGHTS, from(data.w, w_plain, forward.weights_desc())},
             {DNNL_ARG_BIAS, from(data.b, b, b)},
             {DNNL_ARG_DST, memory(forward.dst_desc(), engine_)}});
        add(dnnl::convolution_backward_data(backward_data),
            {{DNNL_ARG_DIFF_DST, from(data.dy, y_plain, backward_data.diff_dst_desc())},
             {DNNL_ARG_WEIGHTS, from(data.w, w_plain, backward_data.weights_desc())},
             {DNNL_ARG_DIFF_SRC, memory(backward_data.diff_src_desc(), engine_)}});
        add(dnnl::convolution_backward_weights(backward_weights),
            {{DNNL_ARG_SRC, from(data.x, x_plain, backward_weights.src_desc())},
             {DNNL_ARG_DIFF_DST, from(data.dy, y_plain, backward_weights.diff_dst_desc())},
             {DNNL_ARG_DIFF_WEIGHTS, memory(backward_weights.diff_weights_desc(), engine_)}});
    }

    std::function<void()> operator[](std::size_t pass) {
        return [this, pass] {
            passes_[pass].first.execute(stream_, passes_[pass].second);
            stream_.wait();
        };
    }

private:
    using Arguments = std::unordered_map<int, dnnl::memory>;

    void add(const dnnl::primitive& primitive, Arguments arguments) { passes_.emplace_back(primitive, arguments); }

    dnnl::memory from(Floats& values, const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted) {
        dnnl::memory source(plain, engine_, values.data()), target(wanted, engine_);
        dnnl::reorder(source, target).execute(stream_, source, target);
        stream_.wait();
        return target;
    }

    dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
    dnnl::stream stream_{engine_};
    std::vector<std::pair<dnnl::primitive, Arguments>> passes_;
};

}  // namespace

int main(int argc, char** argv) {
    const bool ratios_only = argc > 1 && std::string(argv[1]) == "--ratios";
    const int threads = ratios_only ? kernels::num_threads() : argc > 1 ? std::atoi(argv[1]) : 1;
    const std::string wanted = argc > 2 ? argv[2] : "";
    omp_set_num_threads(threads);
    kernels::set_num_threads(threads);
    const auto& conv = kernels::active<kernels::Conv2d>().f32;
    if (!ratios_only)
        std::printf("%s, %d threads; microseconds of ours, GFLOP/s of ours, ratio to oneDNN's best (any, plain)\n",
                    std::string(kernels::name(kernels::active_isa())).c_str(), threads);

    double logarithms = 0, worst = 1e9;
    int count = 0;
    for (const Layer& layer : layers) {
        if (std::string(layer.name).find(wanted) == std::string::npos) continue;
        const ConvGeometry g = geometry(layer);
        const auto x_size = g.batch * g.height * g.width * g.in_channels;
        const auto y_size = g.batch * g.out_height * g.out_width * g.out_channels;
        const auto w_size = g.kernel_height * g.kernel_width * g.in_channels / g.groups * g.out_channels;
        Data d{random_values(x_size), random_values(w_size), random_values(g.out_channels),
               Floats(y_size), random_values(y_size), Floats(x_size),
               Floats(w_size)};
        Yardstick any(g, false, d), plain(g, true, d);
        const std::function<void()> ours[] = {
            [&] {
                conv.forward(g, d.x.data(), d.w.data(), d.b.data(), kernels::Epilogue::relu, d.y.data());
            },
            [&] { conv.backward_data(g, d.dy.data(), d.w.data(), d.dx.data()); },
            [&] { conv.backward_weights(g, d.x.data(), d.dy.data(), d.dw.data()); },
        };
        const char* names[] = {"forward", "data", "weights"};
        const double flop = 2.0 * static_cast<double>(y_size) * g.kernel_height * g.kernel_width *
                            (g.in_channels / g.groups);
        if (!ratios_only) std::printf("%s\n", layer.name);
        for (std::size_t pass = 0; pass < 3; ++pass) {
            if (pass == 1 && g.in_channels == 1) continue;  // the first layer's data gradient is not needed
            const auto t = bench::interleaved({ours[pass], any[pass], plain[pass]});
            const double to_any = t[1] / t[0], to_plain = t[2] / t[0], ratio = std::min(to_any, to_plain);
            if (ratios_only) std::printf("ratio %s %s %.3f\n", layer.name, names[pass], ratio);
            else std::printf("  %-7s %9.1f us %6.1f GF   %.2f (%.2f, %.2f)\n", names[pass], t[0] * 1e6,
                        flop / t[0] * 1e-9, ratio, to_any, to_plain);
            logarithms += std::log(ratio);
            worst = std::min(worst, ratio);
            ++count;
        }
    }
    if (!ratios_only) std::printf("geometric mean %.2f, worst %.2f\n", std::exp(logarithms / count), worst);
}
