// Convolution by plain loops, vectorised over the output channels, which lie side by side: any geometry.
#include <weft/autograd/kernels/conv2d.hpp>

#include <weft/autograd/kernels/partial.hpp>
#include <weft/autograd/kernels/threads.hpp>

namespace weft::kernels {
namespace {

using Index = std::int64_t;

template <class T>
T total(const Batch<T>& value) {
    alignas(64) T buffer[lanes<T>];
    value.store_aligned(buffer);
    T sum = buffer[0];
    for (Index i = 1; i < lanes<T>; ++i) sum += buffer[i];
    return sum;
}

template <class T>
void forward(const ConvGeometry& g, const T* x, const T* w, const T* bias, Epilogue epilogue, T* y) {
    const Index in_group = g.in_channels / g.groups, out_group = g.out_channels / g.groups;
    parallel_for(g.batch * g.out_height, 1, [&](Index begin, Index end) {
        for (Index row = begin; row < end; ++row) {
            const Index image = row / g.out_height, top = row % g.out_height * g.stride_height - g.pad_top;
            for (Index j = 0; j < g.out_width; ++j)
                for (Index group = 0; group < g.groups; ++group)
                    for_each_vector<T>(out_group, [&](auto access, Index c) {
                        const Index channel = group * out_group + c;
                        Batch<T> sum(T(0));
                        if (bias) sum = access.load(bias + channel);
                        for (Index r = 0; r < g.kernel_height; ++r)
                            for (Index s = 0; s < g.kernel_width; ++s) {
                                const Index h = top + r * g.dilation_height;
                                const Index v = j * g.stride_width - g.pad_left + s * g.dilation_width;
                                if (h < 0 || h >= g.height || v < 0 || v >= g.width) continue;
                                const T* pixel = x + ((image * g.height + h) * g.width + v) * g.in_channels +
                                                 group * in_group;
                                const T* weight = w + (r * g.kernel_width + s) * in_group * g.out_channels + channel;
                                for (Index k = 0; k < in_group; ++k)
                                    sum += Batch<T>(pixel[k]) * access.load(weight + k * g.out_channels);
                            }
                        if (epilogue == Epilogue::relu) sum = xsimd::select(sum < Batch<T>(T(0)), Batch<T>(T(0)), sum);
                        access.store(y + (row * g.out_width + j) * g.out_channels + channel, sum);
                    });
        }
    });
}

template <class T>
void backward_data(const ConvGeometry& g, const T* dy, const T* w, T* dx) {
    const Index in_group = g.in_channels / g.groups, out_group = g.out_channels / g.groups;
    parallel_for(g.batch * g.height, 1, [&](Index begin, Index end) {
        for (Index row = begin; row < end; ++row) {
            const Index image = row / g.height, h = row % g.height;
            for (Index v = 0; v < g.width; ++v)
                for (Index k = 0; k < g.in_channels; ++k) {
                    const Index group = k / in_group;
                    Batch<T> sum(T(0));
                    for (Index r = 0; r < g.kernel_height; ++r)
                        for (Index s = 0; s < g.kernel_width; ++s) {
                            const Index i = h + g.pad_top - r * g.dilation_height;
                            const Index j = v + g.pad_left - s * g.dilation_width;
                            if (i < 0 || i % g.stride_height || i / g.stride_height >= g.out_height) continue;
                            if (j < 0 || j % g.stride_width || j / g.stride_width >= g.out_width) continue;
                            const T* from = dy + group * out_group +
                                            ((image * g.out_height + i / g.stride_height) * g.out_width +
                                             j / g.stride_width) * g.out_channels;
                            const T* weight = w + group * out_group +
                                              ((r * g.kernel_width + s) * in_group + k % in_group) * g.out_channels;
                            for_each_vector<T>(out_group, [&](auto access, Index c) {
                                sum += access.load(from + c) * access.load(weight + c);
                            });
                        }
                    dx[(row * g.width + v) * g.in_channels + k] = total(sum);
                }
        }
    });
}

template <class T>
void backward_weights(const ConvGeometry& g, const T* x, const T* dy, T* dw) {
    const Index in_group = g.in_channels / g.groups, out_group = g.out_channels / g.groups;
    parallel_for(g.kernel_height * g.kernel_width * in_group, 1, [&](Index begin, Index end) {
        for (Index weight = begin; weight < end; ++weight) {
            const Index r = weight / in_group / g.kernel_width, s = weight / in_group % g.kernel_width;
            for (Index group = 0; group < g.groups; ++group)
                for_each_vector<T>(out_group, [&](auto access, Index c) {
                    const Index channel = group * out_group + c;
                    Batch<T> sum(T(0));
                    for (Index row = 0; row < g.batch * g.out_height; ++row) {
                        const Index h = row % g.out_height * g.stride_height - g.pad_top + r * g.dilation_height;
                        if (h < 0 || h >= g.height) continue;
                        Batch<T> part(T(0));
                        for (Index j = 0; j < g.out_width; ++j) {
                            const Index v = j * g.stride_width - g.pad_left + s * g.dilation_width;
                            if (v < 0 || v >= g.width) continue;
                            const Index pixel = (row / g.out_height * g.height + h) * g.width + v;
                            part += Batch<T>(x[pixel * g.in_channels + group * in_group + weight % in_group]) *
                                    access.load(dy + (row * g.out_width + j) * g.out_channels + channel);
                        }
                        sum += part;
                    }
                    access.store(dw + weight * g.out_channels + channel, sum);
                });
        }
    });
}

template <class T>
constexpr ConvFunctions<T> functions{forward<T>, backward_data<T>, backward_weights<T>};

constexpr Conv2d table{functions<float>, functions<double>};

}  // namespace

template <>
const Conv2d& family<Conv2d, this_isa>() {
    return table;
}

}  // namespace weft::kernels
