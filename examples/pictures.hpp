// Pictures to look at: images side by side, points coloured by class, curves. Each is a tensor that data::write_png
// writes.
#pragma once

#include <weft/autograd/tensor.hpp>

#include <cstdint>
#include <vector>

namespace examples {

/// Images [n, height, width, 1 or 3] in 0..1, in rows of `columns`, enlarged `scale` times, with lines of white
/// between.
weft::Tensor tiled(const weft::Tensor& images, std::int64_t columns, std::int64_t scale = 2);

/// The first `count` images of each tensor, in a row of its own: originals over reconstructions.
weft::Tensor rows_of(const weft::Tensors& images, std::int64_t count, std::int64_t scale = 2);

/// Points [n, 2] as dots, coloured by their label of 0..9 (int64 [n]), the axes through 0 in grey, and on the right the
/// ten colours in the order of the labels, 0 on top.
weft::Tensor scatter(const weft::Tensor& points, const weft::Tensor& labels);

/// Curves over a common axis, in the colours of the labels 0, 1, ...; light lines at the quarters of the range of
/// values.
weft::Tensor curves(const std::vector<std::vector<double>>& series);

}  // namespace examples
