// The arrays that NumPy and h5py laid down in tests/fixtures/arrays*, and what they hold.
#pragma once

#include "../paths.hpp"

#include <weft/autograd/ops/create.hpp>
#include <weft/autograd/tensor.hpp>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

namespace weft::testing {

inline std::string array_file(const std::string& name) { return source_path("tests/fixtures/arrays/" + name); }

inline std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// Whether element type, shape and every bit agree.
inline bool same(const Tensor& a, const Tensor& b) {
    return a.dtype() == b.dtype() && a.shape() == b.shape() &&
           std::memcmp(a.data().data<std::byte>(), b.data().data<std::byte>(), a.data().bytes()) == 0;
}

/// What the array of that name holds (see fixture_arrays.py).
inline Tensor expected_array(const std::string& name) {
    if (name == "scalar") return full({}, 1.5);
    if (name == "empty") return zeros({0, 4}, float64);
    const bool long_one = name == "long" || name.starts_with("layouts/");
    const Shape shape = long_one ? Shape{1000, 3} : Shape{3, 5, 2};
    const char kind = long_one ? 'f' : name == "flags" ? 'b' : name[name.size() - 2];
    const char bytes = name.back();
    std::vector<double> values;
    for (int i = 0; i < shape.elements(); ++i)
        values.push_back(kind == 'f'   ? i % 100 / 4.0 - 2
                         : kind == 'i' ? i % 100 - 20
                         : kind == 'u' ? i % 100
                                       : i % 3 == 0);
    const DType dtype = kind == 'b'                   ? boolean
                        : kind == 'f'                 ? (bytes == '8' ? float64 : float32)
                        : kind == 'u' && bytes == '1' ? uint8
                                                      : int64;
    return tensor(values, shape, float64).to(dtype);
}

}  // namespace weft::testing
