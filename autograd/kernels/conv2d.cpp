// Which way a convolution goes, by its geometry.
#include <weft/autograd/kernels/conv2d.hpp>

#include <weft/autograd/kernels/conv2d_correlate.hpp>
#include <weft/autograd/kernels/conv2d_depthwise.hpp>
#include <weft/autograd/kernels/conv2d_weights.hpp>

namespace weft::kernels {
namespace {

// One tap, no stride, no border: a plain multiply of [pixels, in_channels].
bool is_multiply(const ConvGeometry& g) {
    return g.kernel_height == 1 && g.kernel_width == 1 && g.stride_height == 1 && g.stride_width == 1 &&
           g.groups == 1 && g.pad_top == 0 && g.pad_left == 0 && g.out_height == g.height && g.out_width == g.width;
}

// One filter for each channel; several for each go as groups of one input channel.
bool is_depthwise(const ConvGeometry& g) {
    return g.groups > 1 && g.groups == g.in_channels && g.out_channels == g.in_channels;
}

void multiply(const GemmArguments<float>& a) { family<Gemm, this_isa>().f32(a); }
void multiply(const GemmArguments<double>& a) { family<Gemm, this_isa>().f64(a); }

template <class T>
void forward(const ConvGeometry& g, const T* x, const T* w, const T* bias, Epilogue epilogue, T* y) {
    if (is_depthwise(g)) return forward_depthwise(g, x, w, bias, epilogue, y);
    if (!is_multiply(g)) return forward_by_tiles(g, x, w, bias, epilogue, y);
    GemmArguments<T> a;
    a.m = g.batch * g.height * g.width;
    a.n = g.out_channels;
    a.k = g.in_channels;
    a.a = x;
    a.lda = g.in_channels;
    a.b = w;
    a.ldb = g.out_channels;
    a.c = y;
    a.ldc = g.out_channels;
    a.bias = bias;
    a.epilogue = epilogue;
    multiply(a);
}

template <class T>
void backward_data(const ConvGeometry& g, const T* dy, const T* w, T* dx) {
    if (is_depthwise(g)) return backward_data_depthwise(g, dy, w, dx);
    if (!is_multiply(g)) return backward_data_by_tiles(g, dy, w, dx);
    GemmArguments<T> a;
    a.transpose_b = true;
    a.m = g.batch * g.height * g.width;
    a.n = g.in_channels;
    a.k = g.out_channels;
    a.a = dy;
    a.lda = g.out_channels;
    a.b = w;
    a.ldb = g.out_channels;
    a.c = dx;
    a.ldc = g.in_channels;
    multiply(a);
}

template <class T>
void backward_weights(const ConvGeometry& g, const T* x, const T* dy, T* dw) {
    if (is_depthwise(g)) return backward_weights_depthwise(g, x, dy, dw);
    if (!is_multiply(g)) return backward_weights_by_tiles<T>(g, x, nullptr, dy, dw, nullptr);
    GemmArguments<T> a;
    a.transpose_a = true;
    a.m = g.in_channels;
    a.n = g.out_channels;
    a.k = g.batch * g.height * g.width;
    a.a = x;
    a.lda = g.in_channels;
    a.b = dy;
    a.ldb = g.out_channels;
    a.c = dw;
    a.ldc = g.out_channels;
    multiply(a);
}

template <class T>
constexpr ConvFunctions<T> functions{forward<T>, backward_data<T>, backward_weights<T>,
                                     backward_weights_by_tiles<T>};

constexpr Conv2d table{functions<float>, functions<double>};

}  // namespace

template <>
const Conv2d& family<Conv2d, this_isa>() {
    return table;
}

}  // namespace weft::kernels
