// Convolution by plain loops, vectorised over the output channels, which lie side by side: any geometry.
#include <weft/autograd/kernels/conv2d.hpp>

#include <weft/autograd/kernels/conv2d_correlate.hpp>
#include <weft/autograd/kernels/vectors.hpp>

namespace weft::kernels {
namespace {

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
constexpr ConvFunctions<T> functions{forward_by_tiles<T>, backward_data_by_tiles<T>, backward_weights<T>};

constexpr Conv2d table{functions<float>, functions<double>};

}  // namespace

template <>
const Conv2d& family<Conv2d, this_isa>() {
    return table;
}

}  // namespace weft::kernels
