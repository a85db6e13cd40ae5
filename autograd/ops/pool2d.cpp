#include <weft/autograd/kernels/pool2d.hpp>
#include <weft/autograd/ops/map.hpp>
#include <weft/autograd/ops/pool2d.hpp>
#include <weft/autograd/record.hpp>

#include <fmt/core.h>

#include <algorithm>

namespace weft {
namespace {

kernels::PoolGeometry geometry(const Shape& x, const Pool2dSettings& s, const char* where) {
    const PaddedAxis rows = padded_axis(x[1], s.pool_size[0], s.strides[0], 1, s.padding, where);
    const PaddedAxis columns = padded_axis(x[2], s.pool_size[1], s.strides[1], 1, s.padding, where);
    return {.batch = x[0], .height = x[1], .width = x[2], .channels = x[3],
            .pool_height = s.pool_size[0], .pool_width = s.pool_size[1],
            .out_height = rows.outputs, .out_width = columns.outputs,
            .stride_height = s.strides[0], .stride_width = s.strides[1],
            .pad_top = rows.before, .pad_left = columns.before};
}

template <class T>
const kernels::PoolFunctions<T>& pool_functions() {
    const auto& table = kernels::active<kernels::Pool2d>();
    if constexpr (std::is_same_v<T, float>) return table.f32;
    else return table.f64;
}

Shape output_shape(const kernels::PoolGeometry& g) { return {g.batch, g.out_height, g.out_width, g.channels}; }

void check(const Tensor& x, const char* where) {
    require_floating(x, where);
    if (x.rank() != 4)
        throw ShapeError(fmt::format("{}: expects [batch, height, width, channels]; received {}", where, describe(x)));
}

// Places are kept in the array's own type.
void check_places(const kernels::PoolGeometry& g, DType dtype) {
    const std::int64_t cells = std::min(g.pool_height, g.height) * std::min(g.pool_width, g.width);
    if (dtype == DType::float32 && cells > 1 << 24)
        throw ValueError(fmt::format("max_pool2d: a gradient in float32 takes windows of at most 2^24 cells; received "
                                     "windows of {} x {} over images of {} x {}. Pool twice, or in float64.",
                                     g.pool_height, g.pool_width, g.height, g.width));
}

// dy of the winners, ddx at the winners: each is the other's derivative. `places` says who won, of windows over images
// of `shape`.
Tensor max_pool2d_gather(const Tensor& ddx, const Array& places, const Shape& shape, const Pool2dSettings& settings);

Tensor max_pool2d_gradient(const Tensor& dy, const Array& places, const Shape& shape, const Pool2dSettings& settings) {
    Array result(shape, dy.dtype());
    dispatch_floating(dy.dtype(), [&]<class T>(T) {
        pool_functions<T>().maximum_gradient(geometry(shape, settings, "max_pool2d"), places.data<T>(),
                                             dy.data().data<T>(), result.data<T>());
    });
    return record(std::move(result), {dy}, [places, shape, settings](const Tensor& ddx) {
        return max_pool2d_gather(ddx, places, shape, settings);
    });
}

Tensor max_pool2d_gather(const Tensor& ddx, const Array& places, const Shape& shape, const Pool2dSettings& settings) {
    Array result(places.shape(), ddx.dtype());
    dispatch_floating(ddx.dtype(), [&]<class T>(T) {
        pool_functions<T>().maximum_gather(geometry(shape, settings, "max_pool2d"), places.data<T>(),
                                           ddx.data().data<T>(), result.data<T>());
    });
    return record(std::move(result), {ddx}, [places, shape, settings](const Tensor& ddy) {
        return max_pool2d_gradient(ddy, places, shape, settings);
    });
}

Tensor average_pool2d_gradient(const Tensor& dy, const Shape& x_shape, const Pool2dSettings& settings) {
    Array result(x_shape, dy.dtype());
    dispatch_floating(dy.dtype(), [&]<class T>(T) {
        pool_functions<T>().average_gradient(geometry(x_shape, settings, "average_pool2d"), dy.data().data<T>(),
                                             result.data<T>());
    });
    return record(std::move(result), {dy}, [settings](const Tensor& ddx) { return average_pool2d(ddx, settings); });
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const Pool2dSettings& settings) {
    check(x, "max_pool2d");
    const kernels::PoolGeometry g = geometry(x.shape(), settings, "max_pool2d");
    Array result(output_shape(g), x.dtype()), places;
    if (detail::needs_grad({x})) {
        check_places(g, x.dtype());
        places = Array(output_shape(g), x.dtype());
    }
    dispatch_floating(x.dtype(), [&]<class T>(T) {
        pool_functions<T>().maximum(g, x.data().data<T>(), result.data<T>(),
                                     places.defined() ? places.data<T>() : nullptr);
    });
    return record(std::move(result), {x}, [places, shape = x.shape(), settings](const Tensor& dy) {
        return max_pool2d_gradient(dy, places, shape, settings);
    });
}

Tensor average_pool2d(const Tensor& x, const Pool2dSettings& settings) {
    check(x, "average_pool2d");
    const kernels::PoolGeometry g = geometry(x.shape(), settings, "average_pool2d");
    Array result(output_shape(g), x.dtype());
    dispatch_floating(x.dtype(),
                      [&]<class T>(T) { pool_functions<T>().average(g, x.data().data<T>(), result.data<T>()); });
    return record(std::move(result), {x}, [shape = x.shape(), settings](const Tensor& dy) {
        return average_pool2d_gradient(dy, shape, settings);
    });
}

}  // namespace weft
