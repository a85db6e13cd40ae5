#include <weft/autograd/kernels/conv2d.hpp>
#include <weft/autograd/ops/activation.hpp>
#include <weft/autograd/ops/conv2d.hpp>
#include <weft/autograd/ops/reduce.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

namespace weft {

Padding padding_from(const std::string& name, const char* where) {
    if (name == "valid") return Padding::valid;
    if (name == "same") return Padding::same;
    throw ValueError(fmt::format("{}: padding must be \"valid\" or \"same\"; received \"{}\"", where, name));
}

PaddedAxis padded_axis(std::int64_t n, std::int64_t kernel, std::int64_t stride, std::int64_t dilation, Padding padding,
                       const char* where) {
    if (kernel < 1 || stride < 1 || dilation < 1)
        throw ValueError(fmt::format("{}: sizes, strides and dilation must be at least 1; received {}, {} and {}",
                                     where, kernel, stride, dilation));
    const std::int64_t extent = (kernel - 1) * dilation + 1;
    if (padding == Padding::same) {
        const std::int64_t outputs = (n + stride - 1) / stride;
        return {outputs, std::max<std::int64_t>((outputs - 1) * stride + extent - n, 0) / 2};
    }
    if (extent > n)
        throw ShapeError(
            fmt::format("{}: a window of {} has no room in an input of {} without padding. Use a larger input, a "
                        "smaller window, or padding \"same\".",
                        where, extent, n));
    return {(n - extent) / stride + 1, 0};
}

namespace {

kernels::ConvGeometry geometry(const Shape& x, const Shape& w, const Conv2dSettings& s) {
    const PaddedAxis rows = padded_axis(x[1], w[0], s.strides[0], s.dilation[0], s.padding, "conv2d");
    const PaddedAxis columns = padded_axis(x[2], w[1], s.strides[1], s.dilation[1], s.padding, "conv2d");
    kernels::ConvGeometry g{};
    g.batch = x[0], g.height = x[1], g.width = x[2], g.in_channels = x[3];
    g.kernel_height = w[0], g.kernel_width = w[1], g.out_channels = w[3];
    g.out_height = rows.outputs, g.out_width = columns.outputs;
    g.stride_height = s.strides[0], g.stride_width = s.strides[1];
    g.dilation_height = s.dilation[0], g.dilation_width = s.dilation[1];
    g.pad_top = rows.before, g.pad_left = columns.before;
    g.groups = s.groups;
    return g;
}

template <class T>
const kernels::ConvFunctions<T>& conv_functions() {
    const auto& table = kernels::active<kernels::Conv2d>();
    if constexpr (std::is_same_v<T, float>) return table.f32;
    else return table.f64;
}

Conv2dSettings linear_part(Conv2dSettings settings) {
    settings.activation = FusedActivation::none;
    return settings;
}

void check(const Tensor& x, const Tensor& w, const Tensor& bias, const Conv2dSettings& s) {
    if (x.dtype() != w.dtype() || !is_floating(x.dtype()) || (bias.defined() && bias.dtype() != x.dtype()))
        throw DTypeError(
            fmt::format("conv2d: expects float32 or float64 throughout; received {}, weights {} and bias {}",
                        describe(x), describe(w), describe(bias)));
    if (x.rank() != 4 || w.rank() != 4)
        throw ShapeError(
            fmt::format("conv2d: expects x [batch, height, width, channels] and weights [kernel height, kernel width, "
                        "channels / groups, out channels]; received {} and {}",
                        describe(x), describe(w)));
    if (s.groups < 1 || x.shape(3) != w.shape(2) * s.groups || w.shape(3) % s.groups != 0)
        throw ShapeError(fmt::format("conv2d: weights {} in {} groups do not fit the channels of {}", describe(w),
                                     s.groups, describe(x)));
    if (bias.defined() && bias.shape() != Shape{w.shape(3)})
        throw ShapeError(fmt::format("conv2d: the bias must be [{}], one for each output channel; received {}",
                                     w.shape(3), describe(bias)));
}

// dy and one of the two operands, beside the shapes of both.
void check_gradient(const Tensor& dy, const Tensor& operand, const Shape& x, const Shape& w, const Conv2dSettings& s,
                    const char* where) {
    if (dy.dtype() != operand.dtype() || !is_floating(dy.dtype()))
        throw DTypeError(fmt::format("{}: expects two float32 or two float64 tensors; received {} and {}", where,
                                     describe(dy), describe(operand)));
    bool fits = x.rank() == 4 && w.rank() == 4 && s.groups >= 1 && x[3] == w[2] * s.groups && w[3] % s.groups == 0;
    if (fits) {
        const kernels::ConvGeometry g = geometry(x, w, s);
        fits = dy.shape() == Shape{g.batch, g.out_height, g.out_width, g.out_channels};
    }
    if (!fits)
        throw ShapeError(fmt::format("{}: {} is not the gradient of a convolution of {} with weights {} in {} groups",
                                     where, describe(dy), str(x), str(w), s.groups));
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weights, const Tensor& bias, const Conv2dSettings& settings) {
    check(x, weights, bias, settings);
    const kernels::ConvGeometry g = geometry(x.shape(), weights.shape(), settings);
    Array result({g.batch, g.out_height, g.out_width, g.out_channels}, x.dtype());
    const bool with_relu = settings.activation == FusedActivation::relu;
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        conv_functions<T>().forward(g, x.data().data<T>(), weights.data().data<T>(),
                                    bias.defined() ? bias.data().data<T>() : nullptr,
                                    with_relu ? kernels::Epilogue::relu : kernels::Epilogue::none, result.data<T>());
    });
    auto derivative = [x = save(x), weights = save(weights), settings = linear_part(settings)](const Tensor& dz,
                                                                                               Wanted wanted) {
        Gradients dx(3);
        if (wanted[0]) dx[0] = conv2d_data_gradient(dz, weights, x.shape(), settings);
        if (wanted[1]) dx[1] = conv2d_weights_gradient(x, dz, weights.shape(), settings);
        if (wanted[2]) dx[2] = sum(dz, {0, 1, 2});
        return dx;
    };
    // Without a gradient of x, nothing needs the whole of what passes the relu. (Of few channels a group would fill few
    // lanes there; depthwise convolution has a way of its own.)
    const bool in_bands = settings.groups == 1;
    auto weights_only = [x = save(x), shape = weights.shape(), g](const Tensor& y, const Tensor& dy, Wanted wanted) {
        Array dw(shape, dy.dtype()), db({wanted[2] ? shape[3] : 0}, dy.dtype());
        dispatch_floating(dy.dtype(), [&]<class T>(T) {
            conv_functions<T>().backward_weights_relu(g, x.get().data().data<T>(), y.data().data<T>(),
                                                      dy.data().data<T>(), dw.data<T>(),
                                                      wanted[2] ? db.data<T>() : nullptr);
        });
        return Gradients{Tensor(), Tensor(std::move(dw)), wanted[2] ? Tensor(std::move(db)) : Tensor()};
    };
    // Only the derivative of relu needs the result kept.
    if (!with_relu)
        return record_list({std::move(result)}, {x, weights, bias},
                           [derivative](Wanted wanted, const Tensors& dy) { return derivative(dy[0], wanted); })[0];
    return record_list({std::move(result)}, {x, weights, bias},
                       [derivative, weights_only, in_bands](const Tensors& y, Wanted wanted, const Tensors& dy) {
                           if (in_bands && wanted[1] && !wanted[0] && !grad_enabled())
                               return weights_only(y[0], dy[0], wanted);
                           return derivative(relu_gradient(dy[0], y[0]), wanted);
                       })[0];
}

Tensor conv2d_data_gradient(const Tensor& dy, const Tensor& weights, const Shape& x_shape,
                            const Conv2dSettings& settings) {
    check_gradient(dy, weights, x_shape, weights.shape(), settings, "conv2d_data_gradient");
    Array result(x_shape, dy.dtype());
    const kernels::ConvGeometry g = geometry(x_shape, weights.shape(), settings);
    dispatch_floating(dy.dtype(), [&]<class T>(T) {
        conv_functions<T>().backward_data(g, dy.data().data<T>(), weights.data().data<T>(), result.data<T>());
    });
    return record(std::move(result), {dy, weights},
                  [weights = save(weights), settings](const Tensor& ddx) { return conv2d(ddx, weights, {}, settings); },
                  [dy = save(dy), shape = weights.shape(), settings](const Tensor& ddx) {
                      return conv2d_weights_gradient(ddx, dy, shape, settings);
                  });
}

Tensor conv2d_weights_gradient(const Tensor& x, const Tensor& dy, const Shape& weights_shape,
                               const Conv2dSettings& settings) {
    check_gradient(dy, x, x.shape(), weights_shape, settings, "conv2d_weights_gradient");
    Array result(weights_shape, x.dtype());
    const kernels::ConvGeometry g = geometry(x.shape(), weights_shape, settings);
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        conv_functions<T>().backward_weights(g, x.data().data<T>(), dy.data().data<T>(), result.data<T>());
    });
    return record(std::move(result), {x, dy},
                  [dy = save(dy), shape = x.shape(), settings](const Tensor& ddw) {
                      return conv2d_data_gradient(dy, ddw, shape, settings);
                  },
                  [x = save(x), settings](const Tensor& ddw) { return conv2d(x, ddw, {}, settings); });
}

}  // namespace weft
